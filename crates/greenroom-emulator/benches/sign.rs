//! A signed token beside the bare signature that is in it: what is on top should be next to nothing.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};
use criterion::{Criterion, criterion_group, criterion_main};
use greenroom_model::token::{Content, Symbol, Ticket, TokenKind, Unsigned};
use serde_json::{Map, Value, json};

// A benchmark sees what is public, and the signer is not.
#[path = "../src/signer.rs"]
#[allow(dead_code, reason = "it does more than sign")]
mod signer;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn sign(c: &mut Criterion) {
    let unsigned = Unsigned {
        key_rotations: 0,
        ticket: Ticket { epoch: 0, ordinal: 1 },
        kind: TokenKind::Workspace,
        symbol: Symbol { subject: "msp".into(), nth: 1 },
        life: 900,
        content: Content::Jwt {
            header: map(json!({"typ": "JWT"})),
            // As many and as long as those of a workspace token.
            claims: (0..14)
                .map(|n| (format!("claim-{n}"), "a value of thirty-two characters".into()))
                .collect(),
        },
    };
    let token = signer::SIGNER.sign(&unsigned);
    c.bench_function("a token: header, claims and signature", |b| {
        b.iter(|| signer::SIGNER.sign(black_box(&unsigned)));
    });
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let (message, _) = token.rsplit_once('.').expect("three parts");
    let mut signature = vec![0; key.public_modulus_len()];
    c.bench_function("the signature alone, by aws-lc-rs", |b| {
        b.iter(|| {
            let message = black_box(message).as_bytes();
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .without_plots();
    targets = sign
}
criterion_main!(benches);
