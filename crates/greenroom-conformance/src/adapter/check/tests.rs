//! What a check keeps to itself.

use super::*;

#[test]
fn secrets_and_tokens_are_hidden_and_other_words_are_not() {
    let desk = Desk::of(&World::sample(DEFAULT_SEED));
    assert_eq!((desk.tenants, desk.devices, desk.tenant_name.as_str()), (6, 15, "Example Tenant Name"));
    let [secret, application, password] = &desk.secrets[..] else { panic!("a secret is missing") };
    for hidden in [application, password] {
        assert_eq!(desk.redact(hidden.reveal()), "***");
    }
    let secret = secret.reveal();
    assert!(secret.len() > 16);
    let token = format!("eyJ{}.eyJ{}.{}", "a".repeat(30), "b".repeat(30), "c_-".repeat(9));
    let text = format!("no eyJ here: {secret}, Bearer {token}; end");
    assert_eq!(desk.redact(&text), "no eyJ here: ***, Bearer ***; end");
    assert!(desk.leaks(&token) && desk.leaks(secret) && !desk.leaks("eyJ nothing"));
}
