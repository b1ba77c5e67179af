//! `greenroom serve`: an emulator that runs until it is stopped.

use std::{io::Write as _, net::SocketAddr, path::Path};

use greenroom_emulator::{
    Emulator, Remote, clock,
    command::{Command, Reply},
    whole_file,
};
use greenroom_model::secret::Secret;
use serde_json::json;

use crate::{
    banner,
    cli::ServeArgs,
    exit::{Exit, Failure},
    lent::lent_credentials,
    log::Format,
    shape::Shape,
    stop,
};

/// Runs the command.
pub(crate) async fn serve(args: ServeArgs, data_dir: &Path, format: Format) -> Result<Exit, Failure> {
    let address = SocketAddr::new(args.listen, args.port);
    if args.check {
        let remote = Remote::new(&format!("http://{address}"), args.control_token.map(Secret::new));
        remote.map_err(Failure::new)?.about().await.map_err(Failure::new)?;
        return Ok(Exit::Fine);
    }
    let kept = args.state.kept()?;
    let saved = kept.is_some();
    let Shape { world, start, rules, scenario } = args.shape.shape(kept, clock::wall_now())?;
    let lent = scenario.as_ref().map(|scenario| lent_credentials(&world, Some(scenario.staged.client)));
    let mut builder = Emulator::builder()
        .world(world)
        .saved(saved)
        .start_time(start)
        .listen(address)
        .authority_dir(data_dir)
        .speed(args.shape.clock)
        .rules(rules)
        .traps(scenario.as_ref().map(|scenario| scenario.staged.traps.clone()).unwrap_or_default())
        .connection_timeout(args.connection_timeout)
        .log(true);
    if let Some(file) = &args.state.state {
        builder = builder.state_file(file);
    }
    if let Some(token) = args.control_token {
        builder = builder.control_token(Secret::new(token));
    }
    let emulator = builder.start().await.map_err(Failure::new)?;
    // Both signals are watched before anyone is told that the emulator is ready.
    let stop = stop::signals()?;
    let begun =
        scenario.as_ref().map(|scenario| scenario.begin(&emulator)).transpose().map_err(Failure::new)?;
    let ready = json!({
        "url": emulator.url(),
        "ca": emulator.ca_file(),
        "pid": std::process::id(),
        "control": format!("{}/_greenroom/v1/", emulator.url()),
    });
    if let Some(file) = &args.ready_file {
        let text = ready.to_string();
        whole_file::write(file, |file| file.write_all(text.as_bytes())).map_err(|error| {
            Failure::new(format!("cannot write --ready-file {}: {error}", file.display()))
        })?;
    }
    let text = match format {
        Format::Json => ready.to_string(),
        Format::Text => match (&scenario, emulator.run(Command::World)) {
            (Some(scenario), _) => {
                let variables: Vec<_> = lent.into_iter().chain(begun).flatten().collect();
                banner::of_scenario(emulator.url(), scenario, &variables)
            }
            (None, Ok(Reply::World(world))) => banner::banner(emulator.url(), emulator.ca_file(), &world),
            _ => format!("Greenroom listens on {}", emulator.url()),
        },
    };
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{text}").and_then(|()| std::io::stdout().flush());
    let _ = stop.await;
    emulator.stop().await.map_err(Failure::new)?;
    Ok(Exit::Fine)
}
