//! The recipes of `docs/recipes.md` come true: their programs and commands run as they stand there, against the
//! real SDK, and end as the page says.

use crate::harness::page::{blocks, comes_true};

const PAGE: &str = "docs/recipes.md";

macro_rules! recipes {
    ($($name:ident: $number:literal,)*) => {
        const NUMBERS: &[usize] = &[$($number),*];
        $(
            #[test]
            fn $name() {
                comes_true(PAGE, $number);
            }
        )*
    };
}

recipes! {
    an_expired_subject_is_not_renewed: 1,
    a_total_that_grows_is_read_for_ever: 2,
    a_401_after_a_429_is_not_renewed: 3,
    ten_threads_renew_ten_times: 4,
    an_error_is_an_empty_list: 5,
    a_post_is_sent_again: 6,
    a_token_endpoint_is_waited_for_and_not_asked_again: 7,
    a_tenant_of_another_name_is_entered: 8,
    a_closed_connection_costs_a_call: 9,
    a_null_token_is_kept: 10,
}

#[test]
fn every_recipe_has_a_test_and_every_program_is_used() {
    let blocks = blocks(PAGE);
    let mut numbers: Vec<_> = blocks.iter().map(|block| block.chapter).collect();
    numbers.dedup();
    assert_eq!(numbers.strip_prefix(&[0]), Some(NUMBERS));
    for program in blocks.iter().filter(|block| block.language == "python") {
        let name = program
            .file()
            .unwrap_or_else(|| panic!("{PAGE}:{}: a program begins with its name", program.line));
        let (module, _) = name.split_once('.').unwrap();
        let uses = [format!("python {module}.py"), format!("from {module} import")];
        let text = blocks.iter().filter(|block| program.chapter == 0 || block.chapter == program.chapter);
        let used = text.flat_map(|block| &block.lines).any(|line| uses.iter().any(|it| line.contains(it)));
        assert!(used, "{PAGE}:{}: {module}.py is never run", program.line);
    }
}
