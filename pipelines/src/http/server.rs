//! The listener: so many connections at most, a time within which each brings its next request, and an end that waits for
//! running requests and for nothing else. HTTP/1.1 alone.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::clients::{Admitted, Bound, Clients};
use super::write_within::WriteWithin;

/// How long nothing is accepted after the system gave no connection: it has no descriptors left, say.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How long a connection without a request may take to send its last answer, once the server is told to stop.
const LINGER: Duration = Duration::from_millis(500);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Open at once; one client has at most half of them.
    pub most: u32,
    /// From the opening, or from the last answer, to the next request's whole header.
    pub idle: Duration,
    /// For an answer to be taken, from when nothing of it was taken last.
    pub write: Duration,
}

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

#[derive(Debug)]
pub(crate) struct Server {
    pub listener: TcpListener,
    pub routes: Router,
    pub limits: ConnectionLimits,
}

impl Server {
    /// Until `stop` changes, and then until running requests are answered. Beyond the most connections new ones wait in the
    /// system's queue; those beyond a client's share are closed at once.
    pub(crate) async fn run(self, mut stop: watch::Receiver<()>) {
        let Self { listener, routes, limits } = self;
        let places = Arc::new(Semaphore::new(limits.most as usize));
        let clients = Clients::new(Bound { client: limits.most.div_ceil(2), all: limits.most });
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let next = async { (place.await.expect("places are never closed"), accept(&listener).await) };
            let (place, (stream, peer)) = tokio::select! {
                next = next => next,
                _ = stop.changed() => break,
            };
            let Ok(admitted) = clients.admit(peer.ip()) else {
                metrics::counter!("weir_http_connections_refused_total").increment(1);
                continue;
            };
            let connection = Connection { routes: routes.clone(), peer, limits, _admitted: admitted };
            let stop = stop.clone();
            tokio::spawn(async move {
                connection.serve(stream, stop).await;
                drop(place);
            });
        }
        drop(listener);
        drop(places.acquire_many(limits.most).await);
    }
}

/// A connection that the system does not give is asked for again: what it lacks may be back.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

struct Connection {
    routes: Router,
    peer: SocketAddr,
    limits: ConnectionLimits,
    _admitted: Admitted,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut stop: watch::Receiver<()>) {
        stream.set_nodelay(true).ok();
        let (running, routes) = (Arc::new(AtomicU32::new(0)), TowerToHyperService::new(self.routes));
        let (peer, counted) = (Peer(self.peer), Arc::clone(&running));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let request_runs = Runs::begin(&counted);
            let answer = routes.call(request);
            async move {
                let answer = answer.await;
                drop(request_runs);
                answer
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.idle);
        let mut connection =
            pin!(http.serve_connection(TokioIo::new(WriteWithin::new(stream, self.limits.write)), service));
        tokio::select! {
            // What went wrong on the caller's side is the caller's to see.
            _ = connection.as_mut() => return,
            _ = stop.changed() => connection.as_mut().graceful_shutdown(),
        }
        // A half-sent header is no request: nobody waits for the rest of it.
        while timeout(LINGER, connection.as_mut()).await.is_err() && running.load(Ordering::Acquire) > 0 {}
    }
}

/// A request from its header to its answer, also where its future is dropped.
struct Runs(Arc<AtomicU32>);

impl Runs {
    fn begin(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
