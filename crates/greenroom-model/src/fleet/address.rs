//! The forty bits that name a device, and what is written from them: ids, serial numbers, MACs.

use std::ops::Range;

use smol_str::SmolStr;
use uuid::Uuid;

use super::DeviceType;
use crate::{id::Seed, world::WorkspaceIx};

/// How many workspaces can have devices: sixteen bits.
pub(super) const PLOTS: usize = 1 << 16;

/// How many devices a workspace can have: twenty-four bits.
pub const MOST_DEVICES: u32 = 1 << 24;

/// Sixteen bits for the workspace, twenty-four for the index of the device in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address(pub(super) u64);

impl Address {
    pub(super) fn new(workspace: WorkspaceIx, index: u32) -> Self {
        Self(((workspace.0 as u64) << 24) | u64::from(index))
    }

    /// The addresses of all devices that a workspace can have.
    pub(super) fn all_of(workspace: WorkspaceIx) -> Range<Self> {
        Self::new(workspace, 0)..Self::new(WorkspaceIx(workspace.0 + 1), 0)
    }

    pub(crate) fn workspace(self) -> WorkspaceIx {
        WorkspaceIx((self.0 >> 24) as usize)
    }

    pub(crate) fn index(self) -> u32 {
        (self.0 & 0xff_ffff) as u32
    }

    /// What is left to chance for this device.
    pub(super) fn luck(self, seed: Seed) -> u64 {
        mixed(seed.0 ^ ((self.0 >> 24) << 32) ^ (self.0 & 0xff_ffff))
    }

    /// What is left to chance for what hangs on this device, by its number there.
    pub(super) fn luck_of(self, seed: Seed, nth: u8) -> u64 {
        mixed(self.luck(seed) ^ (u64::from(nth) + 1))
    }

    /// The scrambled address, then bytes that prove it. Version 5 in looks, as HPE's ids are
    /// (`glp.md §6.2`).
    pub(super) fn id(self, seed: Seed) -> Uuid {
        let code = self.scramble(seed);
        let mut bytes = [0; 16];
        bytes[..5].copy_from_slice(&code.to_be_bytes()[3..]);
        bytes[5..8].copy_from_slice(&mixed(seed.0 ^ code ^ 0x6964).to_be_bytes()[5..]);
        bytes[8..].copy_from_slice(&mixed(code ^ seed.0).to_be_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x50;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Uuid::from_bytes(bytes)
    }

    /// The address that an id of this seed was made from; `None` for anything else.
    pub(super) fn of_id(id: Uuid, seed: Seed) -> Option<Self> {
        let [a, b, c, d, e, ..] = id.into_bytes();
        let address = Self::unscramble(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]), seed);
        (address.id(seed) == id).then_some(address)
    }

    /// A keyed permutation of the forty bits. Four Feistel rounds.
    pub(super) fn scramble(self, seed: Seed) -> u64 {
        let (mut left, mut right) = (self.0 >> 20, self.0 & 0xf_ffff);
        for turn in 0..4 {
            (left, right) = (right, left ^ round(seed, right, turn));
        }
        (left << 20) | right
    }

    pub(super) fn unscramble(code: u64, seed: Seed) -> Self {
        let (mut left, mut right) = (code >> 20, code & 0xf_ffff);
        for turn in (0..4).rev() {
            (left, right) = (right ^ round(seed, left, turn), left);
        }
        Self((left << 20) | right)
    }

    /// Two letters, then the forty bits in base 32 without look-alikes. Within a workspace and a class
    /// the order of serial numbers is the order of indices, so a list in serial order needs no sorting.
    pub(super) fn serial(self, kind: DeviceType) -> SmolStr {
        let mut text = [0; 10];
        text[..2].copy_from_slice(match kind {
            DeviceType::AccessPoint | DeviceType::Switch | DeviceType::Gateway => b"CN",
            DeviceType::Compute => b"CZ",
            DeviceType::Storage => b"AF",
        });
        for (place, digit) in text[2..].iter_mut().rev().enumerate() {
            *digit = DIGITS[(self.0 >> (5 * place) & 31) as usize];
        }
        ascii(&text)
    }

    /// The address that a serial number may have been made from.
    pub(crate) fn of_serial(text: &str) -> Option<Self> {
        let [_, _, digits @ ..] = text.as_bytes() else { return None };
        let value = |digit: &u8| DIGITS.iter().position(|known| known == digit).map(|value| value as u64);
        let digits: &[u8; 8] = digits.try_into().ok()?;
        digits.iter().try_fold(0, |bits, digit| Some((bits << 5) | value(digit)?)).map(Self)
    }

    /// `02:…`: locally administered, so it is nobody's.
    pub(super) fn mac(self) -> SmolStr {
        self.mac_of(2)
    }

    /// The MAC address of what hangs on it, which begins with this byte: again nobody's if the byte says so.
    pub(super) fn mac_of(self, first: u8) -> SmolStr {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let mut text = *b"00:00:00:00:00:00";
        let bytes = [&[first][..], &self.0.to_be_bytes()[3..]].concat();
        for (group, byte) in text.chunks_mut(3).zip(bytes) {
            group[0] = HEX[usize::from(byte >> 4)];
            group[1] = HEX[usize::from(byte & 15)];
        }
        ascii(&text)
    }

    /// The address that a MAC may have been made from.
    pub(crate) fn of_mac(text: &str) -> Option<Self> {
        let groups = text.strip_prefix("02:")?.split(':');
        let mut bytes = groups.map(|group| u8::from_str_radix(group, 16).ok());
        bytes.try_fold(0, |bits, byte| Some((bits << 8) | u64::from(byte?))).map(Self)
    }

    /// The first byte of a MAC that [`mac_of`](Self::mac_of) may have written, and the address.
    pub(super) fn of_any_mac(text: &str) -> Option<(u8, Self)> {
        let first = u8::from_str_radix(text.get(..2)?, 16).ok()?;
        let rest = text.get(2..).filter(|rest| rest.len() == 15)?;
        let address = Self::of_mac(&format!("02{rest}"))?;
        (address.mac_of(first) == text).then_some((first, address))
    }
}

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTVWXY";

fn round(seed: Seed, half: u64, turn: u64) -> u64 {
    mixed(half ^ seed.0.rotate_left(17) ^ (turn << 40)) & 0xf_ffff
}

/// A finished hash of one number (the finalizer of splitmix64).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn ascii(text: &[u8]) -> SmolStr {
    std::str::from_utf8(text).map(SmolStr::new).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_from_an_address_leads_back(seed: u64, bits in 0_u64..(1 << 40)) {
            let (seed, address) = (Seed(seed), Address(bits));
            prop_assert!(address.scramble(seed) < 1 << 40);
            prop_assert_eq!(Address::of_id(address.id(seed), seed), Some(address));
            prop_assert_eq!(Address::of_serial(&address.serial(DeviceType::Compute)), Some(address));
            prop_assert_eq!(Address::of_mac(&address.mac()), Some(address));
            prop_assert_eq!(Address::new(address.workspace(), address.index()), address);
        }

        #[test]
        fn the_order_of_addresses_is_that_of_serial_numbers(a in 0_u64..(1 << 40), b in 0_u64..(1 << 40)) {
            let serial = |bits| Address(bits).serial(DeviceType::Switch);
            prop_assert_eq!(a.cmp(&b), serial(a).cmp(&serial(b)));
        }

        #[test]
        fn nothing_from_outside_panics(id: u128, text in "\\PC*", short in "[0-9A-Z]{0,12}", mac in "02(:[0-9A-F]{2}){0,12}") {
            Address::of_id(Uuid::from_u128(id), Seed(1));
            for text in [text, short] {
                Address::of_serial(&text);
            }
            Address::of_mac(&mac);
        }
    }
}
