//! What a client is configured with: the credentials of the world, or those that a scenario makes up.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use greenroom_emulator::command::{Command, Reply};
use greenroom_model::{
    secret::Secret,
    spec::{Secrets, Spec},
};

use super::{Stage, StageError, id_in, world};
use crate::{
    drive::{ClassicCredentials, Config, Credentials, Mode, Seconds},
    scenario::{ClientPart, ClientSymbol, Configuration, Open},
};

/// How much of a file is looked at. No configuration is that long.
const MOST: u64 = 1 << 20;

/// The configuration that is given as a file.
pub(super) struct TokenFile {
    path: PathBuf,
    /// What the kit wrote into it.
    written: Config,
    /// What bore its name when it was last looked at, open: its number in the file system is not given to another.
    last: Option<fs::File>,
}

impl Stage {
    /// What an `open` is given.
    pub(crate) fn config(&mut self, open: &Open) -> Result<Config, StageError> {
        let config = match &open.config {
            Some(config) => self.made_up(config)?,
            None => self.own_config(open.mode)?,
        };
        let timeout = open.timeout.map(|timeout| Seconds(timeout.duration().unsigned_abs()));
        if !open.token_file {
            return Ok(Config { timeout, ..config });
        }
        let path = self.give_file(config)?;
        Ok(Config { token_file: Some(path), timeout, ..Config::default() })
    }

    /// What a `reload` is given: by default the credentials as they are now.
    pub(crate) fn new_config(
        &self,
        mode: Mode,
        config: Option<&Configuration>,
    ) -> Result<Config, StageError> {
        config.map_or_else(|| self.own_config(mode), |config| self.made_up(config))
    }

    /// With the credentials of the world, as they are now.
    fn own_config(&self, mode: Mode) -> Result<Config, StageError> {
        let (platform, central) = world::clients(self.fixture);
        let with_central =
            |credentials| Credentials { central_url: Some(world::central_url()), ..credentials };
        Ok(match mode {
            Mode::Unified | Mode::Msp => {
                let workspace_id = id_in(&self.world, &format!("@{}", self.own_workspace()));
                let unified = Credentials { workspace_id, ..with_central(self.credentials(platform)?) };
                Config { unified: Some(unified), ..Config::default() }
            }
            Mode::Separate => Config {
                glp: Some(self.credentials(platform)?),
                new_central: Some(with_central(self.credentials(central)?)),
                ..Config::default()
            },
            Mode::Classic => Config { classic: Some(self.classic()?), ..Config::default() },
        })
    }

    /// The application of Classic Central's gateway, and the user whose it is.
    fn classic(&self) -> Result<ClassicCredentials, StageError> {
        let none = || StageError::Different("use: it has no application of Classic Central".to_owned());
        let name = world::application(self.fixture).ok_or_else(none)?;
        let client = self.world.client(self.world.client_named(name).ok_or_else(none)?);
        let user = self.world.user(client.owner);
        let Credentials { client_id, client_secret, .. } = self.credentials(name)?;
        Ok(ClassicCredentials {
            base_url: world::classic_url(),
            client_id,
            client_secret,
            username: Some(user.email.clone()),
            password: user.password.value().cloned(),
            customer_id: Some(self.world.workspace(client.workspace).central_customer.clone()),
            ..ClassicCredentials::default()
        })
    }

    /// Id and present secret of an API client: a rule may have given it another one.
    fn credentials(&self, name: &str) -> Result<Credentials, StageError> {
        let wrong = |what: String| StageError::Different(format!("use: {what}"));
        let Reply::Exported(exported) = self.sandbox.run(Command::ExportWorld(Secrets::Shown))? else {
            return Err(wrong("the world cannot be read".to_owned()));
        };
        let spec = Spec::read(exported.world.as_bytes())?;
        let mut clients = spec.workspaces.iter().flat_map(|workspace| &workspace.contents.clients).flatten();
        let client = clients.find(|client| client.name.as_str() == name);
        let client = client.ok_or_else(|| wrong(format!("there is no API client {name}")))?;
        let own = self.world.client_named(name).map(|ix| self.world.client(ix));
        let client_id = client.id.as_ref().map(|id| id.as_str().to_owned());
        Ok(Credentials {
            client_id: client_id.or_else(|| own.map(|own| own.id.to_string())),
            // A secret that follows from the seed need not be in the file.
            client_secret: client.secret.clone().or_else(|| own.and_then(|own| own.secret.value().cloned())),
            ..Credentials::default()
        })
    }

    /// What a scenario made up, with what symbols stand for in their place.
    fn made_up(&self, config: &Configuration) -> Result<Config, StageError> {
        let text = |text: &Option<String>| text.as_ref().map(|text| self.with_symbols(text)).transpose();
        let secret = |secret: &Option<Secret>| {
            secret.as_ref().map(|it| self.with_symbols(it.reveal()).map(Secret::new)).transpose()
        };
        let credentials = |credentials: &Option<Credentials>| {
            let of = |credentials: &Credentials| {
                Ok::<_, StageError>(Credentials {
                    client_id: text(&credentials.client_id)?,
                    client_secret: secret(&credentials.client_secret)?,
                    workspace_id: text(&credentials.workspace_id)?,
                    access_token: secret(&credentials.access_token)?,
                    cluster_name: text(&credentials.cluster_name)?,
                    central_url: text(&credentials.central_url)?,
                })
            };
            credentials.as_ref().map(of).transpose()
        };
        let classic = |credentials: &ClassicCredentials| {
            Ok::<_, StageError>(ClassicCredentials {
                base_url: text(&credentials.base_url)?.or_else(world::classic_url),
                client_id: text(&credentials.client_id)?,
                client_secret: secret(&credentials.client_secret)?,
                username: text(&credentials.username)?,
                password: secret(&credentials.password)?,
                customer_id: text(&credentials.customer_id)?,
                access_token: secret(&credentials.access_token)?,
                refresh_token: secret(&credentials.refresh_token)?,
            })
        };
        Ok(Config {
            unified: credentials(&config.unified)?,
            glp: credentials(&config.glp)?,
            new_central: credentials(&config.new_central)?,
            classic: config.classic.as_ref().map(classic).transpose()?,
            ..Config::default()
        })
    }

    /// A token for `msp#1`, an id for `@acme`, what an API client signs in with for `client:msp.id` and
    /// `client:msp.secret`, and every other text as it is.
    fn with_symbols(&self, text: &str) -> Result<String, StageError> {
        if let Some(ClientSymbol { name, part }) = ClientSymbol::of(text) {
            let Credentials { client_id, client_secret, .. } = self.credentials(name)?;
            let value = match part {
                ClientPart::Id => client_id,
                ClientPart::Secret => client_secret.map(|secret| secret.reveal().to_owned()),
            };
            let none = || StageError::Different(format!("use: there is no {text}"));
            return value.ok_or_else(none);
        }
        let token = self.issued.get(text).cloned();
        Ok(token.or_else(|| id_in(&self.world, text)).unwrap_or_else(|| text.to_owned()))
    }

    /// Writes the file that a configuration is given in. One that holds it already is the client's.
    fn give_file(&mut self, config: Config) -> Result<String, StageError> {
        let path = self.place.path().join("credentials.json");
        let same = self.token_file.as_ref().is_some_and(|file| file.written == config) && path.exists();
        if !same {
            let text = serde_json::to_string_pretty(&config).unwrap_or_default();
            if self.token_file.take().is_some() {
                let _ = fs::remove_file(&path);
            }
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            self.token_file = Some(TokenFile { path: path.clone(), written: config, last: None });
        }
        Ok(path.to_string_lossy().into_owned())
    }

    /// Tells what is in the file, if there is one.
    pub(crate) fn look_at_file(&mut self) {
        let Some(TokenFile { path, last, .. }) = &mut self.token_file else { return };
        if let Ok((content, file)) = look_at(path)
            && let Ok(about) = file.metadata()
        {
            self.sandbox.evidence().file("token_file", &content, about.mode(), about.ino());
            *last = Some(file);
        }
    }
}

/// What is in a file, and the file. A client may have put anything in its place: what is no file, as a pipe that
/// nobody writes to or a device that never ends, is not opened.
pub(super) fn look_at(path: &Path) -> io::Result<(Vec<u8>, fs::File)> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut content = Vec::new();
    let file = fs::File::open(path)?;
    (&file).take(MOST).read_to_end(&mut content)?;
    Ok((content, file))
}
