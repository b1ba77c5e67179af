//! What the listener hands requests to: the imitated surface and control, kept apart by the gateway.

use std::sync::Arc;

use bytes::Bytes;
use greenroom_model::{dialect::HttpVersions, history::Event};
use http::Request;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt as _;

use crate::{
    body, control, envelope,
    gateway::{self, Road},
    listen::{self, ConnectionEvent, Delivery, Payload, Peer, Reception},
    sandbox::Sandbox,
};

/// One sandbox and its control.
pub(crate) struct Front {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) control: axum::Router,
}

impl listen::Service for Front {
    async fn answer(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Delivery {
        let (head, body) = request.into_parts();
        match gateway::road(&peer, &head, |host| self.sandbox.family(host)) {
            Road::Imitated(door) => self.sandbox.answer(&peer, door, head, body).await,
            Road::UnknownHost(host) => plain(self.sandbox.refuse_host(&peer, host, &head, body).await),
            Road::Control => Delivery::Answer(self.control(Request::from_parts(head, body)).await),
        }
    }

    fn knows_host(&self, host: &str) -> bool {
        self.sandbox.family(host).is_some()
    }

    fn offers_http2(&self) -> bool {
        self.sandbox.lock().world.dialect.http_versions == HttpVersions::Both
    }

    fn meet(&self, connection: u64, host: Option<&str>) -> Reception {
        self.sandbox.lock().meet(connection, host)
    }

    fn event(&self, event: ConnectionEvent) {
        // A client that knocks at a wrong door for ever is a runaway like any other.
        if matches!(event, ConnectionEvent::TunnelRefused { .. }) {
            self.sandbox.admit(&mut self.sandbox.lock());
        }
        let (connection, what, host, why) = tell(event);
        // A client may have put anything into it.
        let (host, leaks) = host.map(|host| self.sandbox.host(&host)).unzip();
        let mut state = self.sandbox.lock();
        state.note(Event::Connection { connection, what: what.to_owned(), host, why });
        state.note_leaks(leaks.unwrap_or_default());
    }

    fn date(&self) -> http::HeaderValue {
        envelope::http_date(self.sandbox.lock().now())
    }
}

impl Front {
    async fn control(&self, request: Request<Incoming>) -> http::Response<Payload> {
        let (head, body) = request.into_parts();
        let response = match body::read(body, self.sandbox.body_timeout).await {
            Ok(body) => {
                let request = Request::from_parts(head, axum::body::Body::from(body));
                let Ok(response) = self.control.clone().oneshot(request).await;
                response
            }
            Err(refusal) => control::unread(&refusal),
        };
        let (mut head, body) = response.into_parts();
        head.headers.entry(http::header::DATE).or_insert_with(|| listen::Service::date(self));
        // What has no end yet is sent as it comes. All else was made in memory, so that reading it cannot fail.
        let body = match body.size_hint().exact() {
            Some(_) => {
                let whole = body.collect().await.map(http_body_util::Collected::to_bytes);
                Payload::whole(whole.unwrap_or_default())
            }
            None => Payload::streaming(body),
        };
        http::Response::from_parts(head, body)
    }
}

fn plain(answer: http::Response<Bytes>) -> Delivery {
    Delivery::Answer(answer.map(Payload::whole))
}

/// A connection's event as histories tell it.
fn tell(event: ConnectionEvent) -> (u64, &'static str, Option<String>, Option<String>) {
    match event {
        ConnectionEvent::Opened { connection } => (connection, "opened", None, None),
        ConnectionEvent::TunnelOpened { connection, host } => (connection, "tunnel", Some(host), None),
        ConnectionEvent::TunnelRefused { connection, authority, why } => {
            (connection, "refused", Some(authority), Some(why.replace('_', " ")))
        }
        ConnectionEvent::TlsFailed { connection, host, reason } => {
            (connection, "tls-failed", host, Some(reason))
        }
        ConnectionEvent::Malformed { connection, reason } => (connection, "malformed", None, Some(reason)),
        ConnectionEvent::TimedOut { connection, what } => {
            (connection, "timed-out", None, Some(what.replace('_', " ")))
        }
        ConnectionEvent::EndedByRule { connection } => {
            (connection, "ended-by-rule", None, Some("answers on it may not have arrived".to_owned()))
        }
        ConnectionEvent::Closed { connection } => (connection, "closed", None, None),
    }
}
