//! A world that was running goes on: its tokens, its audit log, the secrets it knew, and what happened to
//! its devices.

use std::{collections::HashMap, sync::Arc};

use smol_str::SmolStr;

use super::{DeviceChange, Nth, State, build::tags, rows::Row};
use crate::{
    audit::{AuditLog, Line},
    credential::ClientSecret,
    fleet::{Alteration, Fleet, FleetError},
    token::{Symbol, Token, TokenTable},
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
                at: line.at,
            })
        });
        let written = counters.and_then(|counters| counters.audit_lines).unwrap_or_default().get();
        let audit = AuditLog::resume(lines, written);
        (self.tokens, self.audit) = (tokens, audit);
        self.epoch = counters.and_then(|counters| counters.epoch).unwrap_or_default().get().into();
        self.key_rotations = counters.and_then(|counters| counters.key_rotations).unwrap_or_default().get();
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
        for (row, &home) in rows.iter().zip(homes) {
            let devices = row.contents().devices.as_ref();
            for change in devices.and_then(|devices| devices.changed.as_ref()).iter().flat_map(|rows| &rows.0)
            {
                fleet.alter(home, change.serial.as_str(), change.alteration())?;
            }
        }
        self.fleet = Arc::new(fleet);
        Ok(())
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
            updated_at: self.updated_at,
        }
    }
}
