//! What RSA alone costs: signs messages as long as a token until its input ends, and prints how many.

use std::{
    error::Error,
    io::{Read as _, stdin},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::RSA_PKCS1_SHA256,
};

fn main() -> Result<(), Box<dyn Error>> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let (message, mut signature) = (vec![b'x'; 1_000], vec![0; key.public_modulus_len()]);
    static ENDED: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        let _ = stdin().read(&mut [0]);
        ENDED.store(true, Ordering::Relaxed);
    });
    println!("ready");
    let mut signed = 0_u64;
    while !ENDED.load(Ordering::Relaxed) {
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature)?;
        signed += 1;
    }
    println!("{signed}");
    Ok(())
}
