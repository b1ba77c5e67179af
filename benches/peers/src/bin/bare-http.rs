//! What HTTP alone costs: the product's server library on the product's runtime, a fixed page for every
//! request, and nothing else. Prints its URL and runs until it is killed.

use std::{convert::Infallible, error::Error};

use http_body_util::Full;
use hyper::{Response, body::Bytes, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{net::TcpListener, runtime::Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let page = std::env::args().nth(1).ok_or("the length of the page is missing")?;
    let page = Bytes::from("x".repeat(page.parse()?));
    Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let page = page.clone();
            let answer = service_fn(move |_| {
                let response = Response::builder().header("content-type", "application/json");
                let response = response.body(Full::new(page.clone()));
                async move { Ok::<_, Infallible>(response.expect("a header without surprises")) }
            });
            tokio::spawn(async move {
                // A client that leaves is no error.
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection_with_upgrades(TokioIo::new(socket), answer)
                    .await;
            });
        }
    })
}
