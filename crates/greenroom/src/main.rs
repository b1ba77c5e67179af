//! The command line of Greenroom.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "what documents a flag is its help, where brackets are brackets"
)]

mod adapter;
mod banner;
mod chosen;
mod cli;
mod control;
mod document;
mod env;
mod exec;
mod exit;
mod faults;
mod fidelity;
mod history;
mod init;
mod judge;
mod lent;
mod log;
mod out;
mod patch;
mod reference_client;
mod remote;
mod rules;
mod sandbox;
mod scenarios;
mod selection;
mod serve;
mod shape;
mod stop;
mod timeout;
mod token_life;
mod verify;
mod world_file;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Verb},
    exit::Failure,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    log::start(&cli.log);
    let mut threads = match cli.verb {
        // On several threads the HTTP library may see the end of a connection before an answer that came first, and
        // what this client does shall be the same in every run.
        Verb::ReferenceClient(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::new(format!("cannot start the runtime: {error}")).report(),
    };
    let exit = match cli.verb {
        Verb::Exec(args) => return ExitCode::from(runtime.block_on(exec::exec(*args, &cli.data_dir))),
        Verb::Adapter(args) => return runtime.block_on(adapter::adapter(args)),
        Verb::Serve(args) => runtime.block_on(serve::serve(*args, &cli.data_dir, cli.log.format)),
        Verb::Init(args) => init::init(&args),
        Verb::Verify(args) => runtime.block_on(verify::verify(*args)),
        Verb::Judge(args) => judge::judge(&args),
        Verb::Scenarios(args) => runtime.block_on(scenarios::scenarios(args)),
        Verb::Env(args) => runtime.block_on(env::env(&args)),
        Verb::Fidelity(args) => runtime.block_on(fidelity::fidelity(args)),
        Verb::Control(args) => control::control(&args),
        Verb::Remote(verb) => runtime.block_on(remote::run(verb)),
        Verb::ReferenceClient(args) => runtime.block_on(reference_client::serve(args)),
        Verb::Completions { shell } => cli::completions(shell),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}
