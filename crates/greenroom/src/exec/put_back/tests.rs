//! A guarded file comes back whatever became of it, and of its guard.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const ORIGINAL: &str = "# mine\nunified:\n    client_id: 'a'\n    client_secret: hush # old\n";
const REWRITTEN: &str = "unified:\n  access_token: emulated\n  client_id: a\n  client_secret: hush\n";

struct Stage {
    dir: TempDir,
    data: PathBuf,
    file: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let (data, file) = (dir.path().join("data"), dir.path().join("token.yaml"));
        fs::write(&file, ORIGINAL).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        Self { dir, data, file }
    }

    fn guard(&self) -> PutBack {
        PutBack::guard(&self.file, &self.data).unwrap()
    }

    /// A guard whose process was killed: its lock is gone, its copy stays.
    fn killed(&self) {
        let mut guard = self.guard();
        guard.done = true;
    }

    fn assert_original(&self) {
        assert_eq!(fs::read_to_string(&self.file).unwrap(), ORIGINAL);
        assert_eq!(fs::metadata(&self.file).unwrap().permissions().mode() & 0o7777, 0o640);
    }

    fn copies(&self) -> usize {
        files(&directory(&self.data), ENDING).unwrap().len()
    }
}

#[test]
fn a_rewritten_file_comes_back_and_no_copy_stays() {
    let stage = Stage::new();
    let guard = stage.guard();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&guard.copy), mode(&directory(&stage.data))), (0o600, 0o700));
    fs::write(&stage.file, REWRITTEN).unwrap();
    fs::set_permissions(&stage.file, Permissions::from_mode(0o666)).unwrap();
    assert_eq!(guard.restore().unwrap(), Restored::PutBack);
    stage.assert_original();
    assert_eq!(stage.copies(), 0);
    assert_eq!(fs::read_dir(stage.dir.path()).unwrap().count(), 2, "no temporary file stays");
}

#[test]
fn an_untouched_file_is_not_written() {
    let stage = Stage::new();
    let before = fs::metadata(&stage.file).unwrap().ino();
    assert_eq!(stage.guard().restore().unwrap(), Restored::Unchanged);
    assert_eq!(fs::metadata(&stage.file).unwrap().ino(), before);
}

#[test]
fn a_deleted_file_comes_back() {
    let stage = Stage::new();
    let guard = stage.guard();
    fs::remove_file(&stage.file).unwrap();
    assert_eq!(guard.restore().unwrap(), Restored::PutBack);
    stage.assert_original();
}

#[test]
fn a_guard_that_is_dropped_puts_back_too() {
    let stage = Stage::new();
    let guard = stage.guard();
    fs::write(&stage.file, "").unwrap();
    drop(guard);
    stage.assert_original();
    assert_eq!(stage.copies(), 0);
}

#[test]
fn links_stay_links() {
    let stage = Stage::new();
    let (soft, hard) = (stage.dir.path().join("soft.yaml"), stage.dir.path().join("hard.yaml"));
    symlink(&stage.file, &soft).unwrap();
    fs::hard_link(&stage.file, &hard).unwrap();
    let guard = PutBack::guard(&soft, &stage.data).unwrap();
    fs::write(&soft, REWRITTEN).unwrap();
    guard.restore().unwrap();
    stage.assert_original();
    assert!(fs::symlink_metadata(&soft).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&hard).unwrap(), ORIGINAL);
    assert_eq!(fs::metadata(&hard).unwrap().nlink(), 2);
}

#[test]
fn a_read_only_file_comes_back_read_only() {
    let stage = Stage::new();
    fs::set_permissions(&stage.file, Permissions::from_mode(0o400)).unwrap();
    let guard = stage.guard();
    fs::remove_file(&stage.file).unwrap();
    fs::write(&stage.file, REWRITTEN).unwrap();
    guard.restore().unwrap();
    assert_eq!(fs::metadata(&stage.file).unwrap().permissions().mode() & 0o777, 0o400);
    assert_eq!(fs::read_to_string(&stage.file).unwrap(), ORIGINAL);
}

#[test]
fn two_at_once_both_put_back_the_original() {
    let stage = Stage::new();
    let first = stage.guard();
    fs::write(&stage.file, REWRITTEN).unwrap();
    let second = stage.guard();
    assert_eq!(stage.copies(), 2);
    first.restore().unwrap();
    fs::write(&stage.file, REWRITTEN).unwrap();
    second.restore().unwrap();
    stage.assert_original();
}

#[test]
fn a_killed_exec_is_mended_and_a_living_one_left_alone() {
    let stage = Stage::new();
    let path = stage.file.canonicalize().unwrap();
    assert_eq!(mend(&stage.data), []);
    for leftover in [
        REWRITTEN,
        "",
        "unified:\n  client_id: a\n  client_secret: hu",
        "unified:\n  cli",
        "unified:\n  acc",
        "changed\n",
    ] {
        stage.killed();
        fs::write(&stage.file, leftover).unwrap();
        let mended = mend(&stage.data);
        assert_eq!(mended, [Mended::Settled(path.clone(), Restored::PutBack)], "{leftover}");
        assert_eq!((mended[0].report(true), mended[0].report(false).is_some()), (None, true));
        stage.assert_original();
        assert_eq!(stage.copies(), 0);
    }
    stage.killed();
    fs::remove_file(&stage.file).unwrap();
    assert_eq!(mend(&stage.data), [Mended::Settled(path.clone(), Restored::PutBack)]);
    stage.killed();
    assert_eq!(mend(&stage.data), [Mended::Settled(path, Restored::Unchanged)]);

    let living = stage.guard();
    fs::write(&stage.file, REWRITTEN).unwrap();
    assert_eq!(mend(&stage.data), []);
    assert_eq!(fs::read_to_string(&stage.file).unwrap(), REWRITTEN);
    living.restore().unwrap();
}

#[test]
fn half_a_copy_is_swept_away() {
    let stage = Stage::new();
    stage.guard().restore().unwrap();
    let half = directory(&stage.data).join("token-x.new");
    fs::write(&half, "x").unwrap();
    assert_eq!(mend(&stage.data), []);
    assert!(!half.exists());
}

#[test]
fn what_was_entered_since_is_not_lost() {
    let stage = Stage::new();
    stage.killed();
    let edited = REWRITTEN.replace("hush", "rotated");
    fs::write(&stage.file, &edited).unwrap();
    let mended = mend(&stage.data);
    assert!(matches!(&mended[..], [Mended::Settled(_, Restored::Edited(_))]), "{mended:?}");
    let report = mended[0].report(true).unwrap();
    assert!(report.contains("token.yaml alone") && !report.contains("rotated"), "{report}");
    assert_eq!(fs::read_to_string(&stage.file).unwrap(), edited);
    assert_eq!(stage.copies(), 1);
}

#[test]
fn what_is_entered_meanwhile_is_not_lost_either() {
    let edited = REWRITTEN.replace("hush", "rotated");
    for edited in [edited, format!("{ORIGINAL}    workspace_id: w\n"), format!("{ORIGINAL}glp: {{}}\n")] {
        for dropped in [false, true] {
            let stage = Stage::new();
            let guard = stage.guard();
            fs::write(&stage.file, &edited).unwrap();
            if dropped {
                drop(guard);
            } else {
                let restored = guard.restore().unwrap();
                let Restored::Edited(edited) = restored else { panic!("{restored:?}") };
                let report = edited.to_string();
                assert!(report.contains("token.yaml alone") && report.contains(".saved"), "{report}");
                assert!(!report.contains("rotated"), "{report}");
            }
            assert_eq!(fs::read_to_string(&stage.file).unwrap(), edited);
            let [copy] = &files(&directory(&stage.data), ENDING).unwrap()[..] else { panic!("one copy") };
            let original = SavedCopy::read(&mut File::open(copy).unwrap()).unwrap();
            assert_eq!(original.bytes, ORIGINAL.as_bytes());
        }
    }
}

#[test]
fn an_owner_that_ends_while_its_copy_is_looked_at_is_no_failure() {
    let stage = Stage::new();
    let guard = stage.guard();
    let (copy, opened) = (guard.copy.clone(), File::open(&guard.copy).unwrap());
    guard.restore().unwrap();
    // What is written since is no business of that copy.
    fs::write(&stage.file, REWRITTEN).unwrap();
    assert_eq!(mend_opened(opened, &copy).unwrap(), None);
    assert_eq!(mend_one(&copy), None);
    assert_eq!(fs::read_to_string(&stage.file).unwrap(), REWRITTEN);
}

#[test]
fn failures_name_the_copy_and_keep_it() {
    let stage = Stage::new();
    let inner = stage.dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::rename(&stage.file, inner.join("token.yaml")).unwrap();
    let guard = PutBack::guard(&inner.join("token.yaml"), &stage.data).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    let text = guard.restore().unwrap_err().to_string();
    assert!(text.contains("its original stays in") && text.contains(".saved"), "{text}");
    assert!(matches!(&mend(&stage.data)[..], [Mended::Failed { .. }]));
    fs::write(directory(&stage.data).join("bad.saved"), "x").unwrap();
    assert_eq!(mend(&stage.data).len(), 2);

    let text = PutBack::guard(&stage.file, &stage.data).unwrap_err().to_string();
    assert!(text.contains("cannot be read"), "{text}");
}
