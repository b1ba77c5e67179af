//! `greenroom reference-client`: the well-behaved client, which the conformance kit is tested with.

use std::{
    io::{BufReader, stdin, stdout},
    path::PathBuf,
};

use clap::Args;
use greenroom_reference_client::{Mutant, Options};

use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  echo '{\"id\":1,\"do\":\"hello\",\"v\":1}' | greenroom reference-client
  greenroom exec -- greenroom reference-client --mutant M18 --reach reached.txt")]
pub(crate) struct ReferenceClientArgs {
    /// The mistake that it makes: M01 and so on.
    #[arg(long, value_name = "NAME")]
    mutant: Option<Mutant>,
    /// A file to which the names of the switches that were reached are added, one a line.
    #[arg(long, value_name = "FILE")]
    reach: Option<PathBuf>,
}

/// Serves drive/1 on standard input and output until the input ends.
pub(crate) async fn serve(args: ReferenceClientArgs) -> Result<Exit, Failure> {
    let options = Options { mutant: args.mutant, reach: args.reach };
    let served = greenroom_reference_client::run(BufReader::new(stdin()), stdout(), options).await;
    served.map(|()| Exit::Fine).map_err(Failure::new)
}
