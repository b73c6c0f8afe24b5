//! The floor: a server of the same kind that only reads the body and answers 202. No webhook can be acknowledged faster on the machine
//! and under the load of this run.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};

use crate::stage::free_addr;

/// What asks this program to be the floor.
const FLAG: &str = "--floor=";
/// Threads that answer; as many as netchange has.
const THREADS: usize = 2;

/// The port, if this process is to be the floor.
pub(crate) fn asked(args: &[String]) -> Option<u16> {
    args.iter().find_map(|arg| arg.strip_prefix(FLAG)?.parse().ok())
}

pub(crate) fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).context("cannot listen")?;
    let take = async |body: Bytes| {
        std::hint::black_box(body.len());
        HttpResponse::Accepted().finish()
    };
    actix_web::rt::System::new().block_on(async move {
        let app = move || {
            App::new().app_data(web::PayloadConfig::new(1 << 20)).route("/ticket", web::post().to(take))
        };
        HttpServer::new(app).workers(THREADS).listen(listener)?.run().await.context("the floor ended")
    })
}

/// The floor as a process of its own; it ends when this is dropped.
pub(crate) struct Floor {
    child: Child,
    pub(crate) addr: std::net::SocketAddr,
}

impl Floor {
    pub(crate) async fn start() -> Result<Self> {
        let addr = free_addr()?;
        let this = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(this);
        command.arg(format!("{FLAG}{}", addr.port())).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().context("cannot start the floor")?;
        let floor = Self { child, addr };
        let listening = async {
            while tokio::net::TcpStream::connect(addr).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), listening)
            .await
            .context("the floor does not listen")?;
        Ok(floor)
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Dead already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The time that a write of 4 KiB and its sync to the disk take, in the folder of the store.
pub(crate) fn sync_times(dir: &std::path::Path) -> Result<Vec<Duration>> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(dir.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let started = std::time::Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}
