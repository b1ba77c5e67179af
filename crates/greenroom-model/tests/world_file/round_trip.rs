//! What is written is read again, and whatever is read never makes the reader fall over.

use greenroom_model::{
    spec::{DeviceCount, DeviceMix, Spec},
    world::World,
    yaml::Mistakes,
};
use proptest::prelude::*;

use crate::{fixtures, specs::specs};

/// Every mistake stands inside the text, and the list is in order.
pub(crate) fn in_place(mistakes: &Mistakes, text: &[u8]) {
    assert!(!mistakes.list.is_empty() && mistakes.list.len() <= Mistakes::MOST);
    let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for mistake in &mistakes.list {
        assert!((1..=lines).contains(&mistake.line), "{mistake}");
        assert!((1..=text.len() + 1).contains(&mistake.column), "{mistake}");
        assert!(mistake.span.start <= mistake.span.end && mistake.span.end <= text.len(), "{mistake:?}");
        assert!(!mistake.message.is_empty());
    }
    assert!(mistakes.list.is_sorted_by_key(|mistake| mistake.span.start));
}

/// A valid file, some bytes of which were changed, taken out or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files = fixtures::all().into_iter().map(|(_, text)| text.into_bytes()).collect::<Vec<_>>();
    let strange = proptest::sample::select(b":-{}[],#&*!|>'\"%@`~ \t\n\r\0\\\xff\xc3?=<0eax".to_vec());
    let damage = (any::<prop::sample::Index>(), 0..3u8, strange, 1..40usize);
    (proptest::sample::select(files), proptest::collection::vec(damage, 1..6)).prop_map(
        |(mut file, damages)| {
            for (place, kind, byte, length) in damages {
                let at = place.index(file.len() + 1);
                match kind {
                    0 if at < file.len() => file[at] = byte,
                    1 => drop(file.drain(at..(at + length).min(file.len()))),
                    _ => file.insert(at, byte),
                }
            }
            file
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_written_is_read_again(spec in specs()) {
        let text = spec.write().unwrap();
        match Spec::read(text.as_bytes()) {
            Ok(read) => prop_assert_eq!(read, spec),
            Err(mistakes) => prop_assert!(false, "{}\n{}", mistakes, text),
        }
    }

    /// Whatever is wrong with a world has a place in its file: nothing is found only when it is built.
    #[test]
    fn what_is_read_can_be_built(mut spec in specs()) {
        for own in &mut spec.workspaces {
            own.estate.devices_per_tenant = None;
            let mut all = vec![&mut own.contents];
            if let Some(tenants) = &mut own.estate.tenants {
                tenants.devices = None;
                let changed = tenants.changed.iter_mut().flat_map(|changed| &mut changed.0);
                let listed = tenants.listed.iter_mut().flatten();
                all.extend(listed.chain(changed).map(|tenant| &mut tenant.contents));
            }
            // Millions take long.
            for devices in all.into_iter().flat_map(|it| &mut it.devices) {
                devices.mix.network = None;
                let DeviceMix { compute, storage, unassigned, .. } = devices.mix;
                let left: u32 = [compute, storage, unassigned].into_iter().flatten().map(DeviceCount::get).sum();
                devices.gone.iter_mut().for_each(|gone| gone.retain(|index| *index < left));
            }
        }
        let read = Spec::read(spec.write().unwrap().as_bytes()).unwrap();
        prop_assert!(World::from_spec(&read).is_ok());
    }

    #[test]
    fn random_bytes_are_refused_in_place(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        match Spec::read(&bytes) {
            Ok(_) => prop_assert!(false, "a world: {bytes:?}"),
            Err(mistakes) => in_place(&mistakes, &bytes),
        }
    }

    #[test]
    fn random_yaml_is_refused_in_place(text in "[ \n:a-c{}\\[\\],\"'#&*!|>?%-]{0,80}") {
        if let Err(mistakes) = Spec::read(text.as_bytes()) {
            in_place(&mistakes, text.as_bytes());
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused_in_place(file in damaged()) {
        if let Err(mistakes) = Spec::read(&file) {
            in_place(&mistakes, &file);
        }
    }
}
