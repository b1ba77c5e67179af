//! One world in the place of another, as after `world restore` and `world reset`.

use std::collections::HashSet;

use crate::world::World;

impl World {
    /// Takes the place of the world before it. What was secret there stays secret (the newest 10,000 of it), no secret is given out
    /// twice, and tokens that were minted there are not sealed here. No token gets the number of one that
    /// there was: on a clock that stands still it would be the same token, alive again. Nor its name, which
    /// would mean two tokens in one history.
    pub fn succeed(&mut self, before: &Self) {
        self.epoch = self.epoch.max(before.epoch) + 1;
        self.secrets_version = before.secrets_version + 1;
        self.tokens.go_on_from(&before.tokens);
        self.operations.go_on_from(&before.operations);
        let mut known: HashSet<_> = self.client_secrets().filter_map(|secret| secret.digest()).collect();
        // The newest come last, and so stay longest.
        let theirs = before.retired.iter().rev().chain(before.clients.iter().map(|client| &client.secret));
        let theirs = theirs.chain(before.users.iter().map(|user| &user.password));
        for secret in theirs {
            if secret.digest().is_some_and(|digest| known.insert(digest)) {
                self.retire(secret.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        credential::{ClientAuth, ClientSecret, Presented},
        credentials::NewCredential,
        host::HostFamily,
        issue::Issuer,
        sample::DEFAULT_SEED,
        secret::{Digest, Secret},
        token::{Ticket, Unsigned},
        world::{ClientIx, Door, Session, UserIx},
    };

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn mint(world: &mut World, client: &str) -> Unsigned {
        let client = world.client(world.client_named(client).unwrap());
        let secret = client.secret.value().unwrap().reveal();
        let auth = ClientAuth { body: Presented::new(&client.id, secret), ..ClientAuth::default() };
        let door = Door { family: HostFamily::Emulator, host: "127.0.0.1".to_owned() };
        world.mint(Issuer::Sso, &door, &auth, NOW).unwrap()
    }

    fn create(world: &mut World) -> (ClientIx, Secret) {
        let workspace = world.workspace_named("msp").unwrap();
        let session = Session { token: 1, client: ClientIx(0), user: UserIx(0), workspace };
        let new = NewCredential { name: "made".to_owned(), tenant: None, provision: None };
        let ix = world.create_credential(&session, new, NOW).unwrap();
        (ix, world.client(ix).secret.value().unwrap().clone())
    }

    #[test]
    fn a_token_is_sealed_in_its_own_world_only() {
        let start = World::sample(DEFAULT_SEED);
        let mut world = start.clone();
        let theirs = mint(&mut world, "msp");
        let mut reset = start.clone();
        reset.succeed(&world);
        let ours = mint(&mut reset, "standard");
        assert_eq!(theirs.ticket.ordinal + 1, ours.ticket.ordinal, "no number is given twice");
        // Nor would it be sealed if one were.
        for ordinal in [theirs.ticket.ordinal, ours.ticket.ordinal] {
            reset.seal(Ticket { ordinal, ..theirs.ticket }, Digest::of("theirs"));
        }
        assert!(reset.tokens().by_digest(&Digest::of("theirs")).is_none());
        reset.seal(ours.ticket, Digest::of("ours"));
        assert_eq!(reset.tokens().by_digest(&Digest::of("ours")).unwrap().ordinal, ours.ticket.ordinal);
        // Nor in the world that comes after that, under a number that it has given itself.
        let mut again = start.clone();
        again.succeed(&reset);
        let own = mint(&mut again, "standard");
        let late = [mint(&mut world, "msp"), mint(&mut world, "msp")].map(|late| late.ticket);
        assert_eq!(late[1].ordinal, own.ticket.ordinal);
        for late in late {
            again.seal(late, Digest::of("late"));
        }
        assert!(again.tokens().by_digest(&Digest::of("late")).is_none());
    }

    #[test]
    fn no_token_is_called_what_another_was() {
        let start = World::sample(DEFAULT_SEED);
        let mut world = start.clone();
        for expected in ["msp#1", "msp#2", "msp#3"] {
            assert_eq!(mint(&mut world, "msp").symbol.to_string(), expected);
            let mut next = start.clone();
            next.succeed(&world);
            world = next;
        }
        assert_eq!(mint(&mut world, "standard").symbol.to_string(), "standard#1");
    }

    #[test]
    fn what_was_secret_stays_secret_and_is_not_given_out_again() {
        let start = World::sample(DEFAULT_SEED);
        let (mut world, mut given) = (start.clone(), Vec::new());
        for _ in 0..3 {
            let (ix, secret) = create(&mut world);
            let (id, digest) = (world.client(ix).id.clone(), Digest::of(format!("{given:?}")));
            assert!(!given.contains(&secret), "a secret is given out once");
            given.push(secret);
            // One of which only the digest is known, as in a world that was loaded.
            let old = std::mem::replace(&mut world.clients[ix.0].secret, ClientSecret::Digest(digest));
            world.retire(old);
            let version = world.secrets_version();
            let mut next = start.clone();
            next.succeed(&world);
            assert!(next.secrets_version() > version && next.client_by_id(&id).is_none());
            assert!(given.iter().all(|secret| next.secrets().any(|known| known == secret)));
            assert!(next.secret_digests().any(|known| known == digest));
            world = next;
        }
        let count = world.client_secrets().count();
        let mut next = world.clone();
        next.succeed(&world);
        assert_eq!(next.client_secrets().count(), count, "none is remembered twice");
    }
}
