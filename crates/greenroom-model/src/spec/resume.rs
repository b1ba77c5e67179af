//! A world that was running goes on: its tokens, its audit log, its operations, the secrets it knew, and what happened to
//! its devices.

use std::{collections::HashMap, sync::Arc};

use smol_str::SmolStr;

use super::{
    DeviceChange, DeviceContact, Nth, Place, State, Subscribed, SubscriptionKey, build::tags, rows::Row,
    subscriptions,
};
use crate::{
    access::Service,
    async_operation::{self, Operation, Operations},
    audit::{AuditLog, Author, Line},
    credential::ClientSecret,
    fleet::{Alteration, Application, Contact, Fleet, FleetError, Held},
    token::{Symbol, Token, TokenTable},
    user::Membership,
    world::{ClientIx, WorkspaceIx, World},
};

impl World {
    /// Goes on where the world was that the file was written from.
    pub(super) fn resume(&mut self, state: &State) {
        let by_symbol: HashMap<_, _> =
            self.workspaces.iter().enumerate().map(|(ix, it)| (it.symbol.clone(), WorkspaceIx(ix))).collect();
        // Present workspaces win over deleted ones of the same symbol.
        let place = |symbol: &str| self.workspace_named(symbol).or_else(|| by_symbol.get(symbol).copied());
        let by_id: HashMap<_, _> =
            self.clients.iter().enumerate().map(|(ix, it)| (it.id.clone(), ClientIx(ix))).collect();
        let tokens = state.tokens.iter().flat_map(|rows| &rows.0).filter_map(|token| {
            Some(Token {
                ordinal: token.number.get(),
                kind: token.kind,
                symbol: Symbol { subject: token.name.subject.as_str().to_owned(), nth: token.name.nth.get() },
                client: *by_id.get(token.client.as_str())?,
                workspace: place(token.workspace.as_str())?,
                issued_at: token.issued_at,
                expires_at: token.expires_at,
                parent: token.parent.map(Nth::get),
                adopted: token.adopted == Some(true),
                revoked: token.revoked == Some(true),
                seal: token.sha256,
            })
        });
        let counters = state.counters.as_ref();
        let subjects = counters.and_then(|counters| counters.subjects.as_ref()).into_iter().flatten();
        let subjects = subjects.map(|(subject, count)| (subject.as_str().to_owned(), count.get()));
        let issued = counters.and_then(|counters| counters.tokens).unwrap_or_default().get();
        let tokens = TokenTable::resume(tokens, issued, subjects);
        let lines = state.audit.iter().flat_map(|rows| &rows.0).filter_map(|line| {
            Some(Line {
                ordinal: line.number.get(),
                workspace: place(line.workspace.as_str())?,
                user: self.user_named(line.user.as_str())?,
                category: line.category.as_str().to_owned().into(),
                description: line.description.as_str().to_owned(),
                service: line.service.unwrap_or(Service::Platform),
                details: line.details.iter().flatten().map(|detail| detail.as_str().to_owned()).collect(),
                at: line.at,
            })
        });
        let written = counters.and_then(|counters| counters.audit_lines).unwrap_or_default().get();
        let audit = AuditLog::resume(lines, written);
        let operations = state.operations.iter().flat_map(|rows| &rows.0).filter_map(|operation| {
            let number = operation.number.get();
            let actor = Author {
                workspace: place(operation.workspace.as_str())?,
                user: self.user_named(operation.user.as_str())?,
            };
            let known = Operation {
                id: async_operation::id(self.seed, number),
                accepted: operation.service,
                actor,
                started_at: operation.started_at,
                polls: operation.polls.unwrap_or_default().get(),
                progress: operation.progress.0.clone(),
            };
            Some((number, known))
        });
        let started = counters.and_then(|counters| counters.operations).unwrap_or_default().get();
        let operations = Operations::resume(operations, started);
        (self.tokens, self.audit, self.operations) = (tokens, audit, operations);
        self.epoch = counters.and_then(|counters| counters.epoch).unwrap_or_default().get().into();
        self.key_rotations = counters.and_then(|counters| counters.key_rotations).unwrap_or_default().get();
        for removed in state.removed_users.iter().flat_map(|rows| &rows.0) {
            let home = self.workspace_named(removed.workspace.as_str());
            if let (Some(home), Some(user)) = (home, self.user_named(removed.user.as_str())) {
                self.set_membership(home, user, Membership::Removed(removed.at));
            }
        }
        for digest in state.retired.iter().flatten() {
            self.retire(ClientSecret::Digest(*digest));
        }
    }

    /// Lets happen again what happened to devices.
    pub(super) fn change_devices(
        &mut self,
        rows: &[Row<'_>],
        homes: &[WorkspaceIx],
    ) -> Result<(), FleetError> {
        let mut fleet = Fleet::clone(&self.fleet);
        fleet.check_ids()?;
        for (row, &home) in rows.iter().zip(homes) {
            let devices = row.contents().devices.as_ref();
            for change in devices.and_then(|devices| devices.changed.as_ref()).iter().flat_map(|rows| &rows.0)
            {
                let subscription = self.said_subscription(change)?;
                let wanted = Alteration { subscription, ..change.alteration() };
                fleet.alter(home, change.serial.as_str(), wanted)?;
            }
        }
        for (row, &home) in rows.iter().zip(homes) {
            subscriptions::fill(&mut fleet, home, row.contents());
            if let Some(scopes) = &row.contents().scopes {
                scopes.say(&mut fleet, home);
            }
        }
        self.fleet = Arc::new(fleet);
        Ok(())
    }

    /// The subscription that a device is said to use, if anything is said.
    pub(crate) fn said_subscription(
        &self,
        change: &DeviceChange,
    ) -> Result<Option<Option<Arc<Held>>>, FleetError> {
        let Some(Subscribed(key)) = &change.subscription else { return Ok(None) };
        let Some(key) = key.as_ref().map(SubscriptionKey::as_str) else { return Ok(Some(None)) };
        let held = self.held_of_key(key).ok_or_else(|| FleetError::NoSubscription(key.into()))?;
        Ok(Some(Some(held)))
    }
}

impl DeviceChange {
    /// What it wants to be different.
    pub(crate) fn alteration(&self) -> Alteration {
        Alteration {
            mac: self.mac.as_ref().map(|mac| SmolStr::new(mac.as_str())),
            model: self.model.as_ref().map(|model| SmolStr::new(model.as_str())),
            part_number: self.part_number.as_ref().map(|number| SmolStr::new(number.as_str())),
            firmware: self.firmware.as_ref().map(|version| SmolStr::new(version.as_str())),
            tier: self.tier.as_ref().map(|tier| SmolStr::new(tier.as_str())),
            name: self.name.as_ref().map(|name| SmolStr::new(name.as_str())),
            site: self.site.as_ref().map(|site| SmolStr::new(site.as_str())),
            notes: self.notes.as_ref().map(|notes| SmolStr::new(notes.as_str())),
            tags: self.tags.as_ref().map(tags),
            assigned: self.assigned,
            provisioned: self.provisioned,
            online: self.online,
            monitored: self.monitored,
            archived: self.archived,
            location: self.location.as_ref().map(|id| Some(SmolStr::new(id.as_str()))),
            contact: self.contact.as_ref().map(|it| Some(it.contact())),
            application: self.application.as_ref().map(|application| {
                let region = application.region.name().into();
                Some(Application { manager: application.service_manager, region })
            }),
            put_at_site: self.put_at_site.map(Place::number),
            put_in_group: self.put_in_group.map(Place::number),
            subscription: None,
            updated_at: self.updated_at,
        }
    }
}

impl DeviceContact {
    fn contact(&self) -> Contact {
        let text = |text: &Option<super::Line<256>>| text.as_ref().map(|text| SmolStr::new(text.as_str()));
        match text(&self.user) {
            Some(id) => Contact::User(id),
            None => Contact::Other {
                email: text(&self.email).unwrap_or_default(),
                first_name: text(&self.first_name),
                last_name: text(&self.last_name),
                phone: text(&self.phone),
            },
        }
    }
}
