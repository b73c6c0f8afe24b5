//! What the lab's HTTP servers have in common: starting on a port, stopping, the faults of the wire, and what protects their pages.

use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Extensions, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, HttpServer};
use askama::Template;

use crate::faults::{FaultAction, FaultBoard, Point, System};
use crate::settings::LabSettings;

/// What a page may load and do: nothing from elsewhere, and no script but the shared one. Articles and cards bring `style` attributes.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
                           img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A running HTTP server of the lab.
pub struct Server {
    addr: SocketAddr,
    handle: ServerHandle,
}

/// The TCP connection under a request, kept so that a fault can cut it.
struct Connection(TcpStream);

#[derive(Clone)]
struct Switchboard {
    system: System,
    faults: Arc<FaultBoard>,
}

impl Server {
    /// Serves `routes` on `port` (0: any free one), with the faults of `system` in front of them.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start<F>(
        settings: &LabSettings,
        port: u16,
        board: (System, Arc<FaultBoard>),
        routes: F,
    ) -> io::Result<Self>
    where
        F: Fn(&mut ServiceConfig) + Send + Clone + 'static,
    {
        let listener = TcpListener::bind((settings.bind, port))?;
        let addr = listener.local_addr()?;
        let switchboard = Switchboard { system: board.0, faults: board.1 };
        let front = web::redirect("/lab", format!("{}/", settings.front_url));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(switchboard.clone()))
                .app_data(PayloadConfig::new(4 << 20))
                .wrap(from_fn(strike))
                .wrap(from_fn(protect))
                .service(front.clone())
                .route("/static/lab.css", web::get().to(style))
                .route("/static/lab.js", web::get().to(script))
                .configure(routes.clone())
                .default_service(web::to(nowhere))
        })
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .on_connect(keep_connection)
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { addr, handle })
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops it; requests under way have a second to end.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

#[derive(Template)]
#[template(path = "nowhere.html")]
struct Nowhere<'a> {
    path: &'a str,
}

/// What no stand-in has. Programs see the status, people a way back.
async fn nowhere(request: HttpRequest) -> HttpResponse {
    let page = Nowhere { path: request.path() }.render();
    let mut answer = HttpResponse::NotFound();
    answer.content_type("text/html; charset=utf-8").body(page.unwrap_or_default())
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../static/lab.css"))
}

async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../static/lab.js"))
}

/// Whether a browser says that a page of this very server sent the request.
pub(crate) fn is_from_own_page(headers: &HeaderMap) -> bool {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let own = header(HOST).map(|host| format!("http://{host}"));
    own.is_some() && header(ORIGIN) == own.as_deref()
}

/// Refuses what a page of another site sends, and ties down what our own pages may load.
async fn protect(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    // Programs send no Origin; browsers do with everything that is no mere reading.
    if !request.method().is_safe()
        && request.headers().contains_key(ORIGIN)
        && !is_from_own_page(request.headers())
    {
        let refusal = HttpResponse::Forbidden().body("This was not sent by a page of this server.");
        return Ok(request.into_response(refusal));
    }
    let mut response = next.call(request).await?;
    let is_page = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    if is_page {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    }
    Ok(response)
}

fn keep_connection(connection: &dyn Any, extensions: &mut Extensions) {
    let stream = connection.downcast_ref::<tokio::net::TcpStream>();
    if let Some(copy) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) {
        extensions.insert(Connection(TcpStream::from(copy)));
    }
}

/// What a fault puts in the place of the answer, once the work is done.
enum Instead {
    Status(HttpResponse),
    Nothing,
    Reset,
}

async fn strike(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(board) = request.app_data::<Data<Switchboard>>().cloned() else {
        return next.call(request).await;
    };
    let _in_hand = board.faults.request_in_hand();
    let path = request.path().to_owned();
    let mut instead = None;
    for fault in board.faults.strike(board.system, Point::Request, request.method().as_str(), &path) {
        board.faults.wait(&fault).await;
        match fault.action {
            FaultAction::Status { status, headers, body } => {
                return Ok(request.into_response(answer(status, headers, body)));
            }
            FaultAction::StatusAfter { status, headers, body } => {
                instead = Some(Instead::Status(answer(status, headers, body)));
            }
            FaultAction::Reset => {
                cut(&request);
                return Ok(request.into_response(HttpResponse::InternalServerError().finish()));
            }
            FaultAction::DropReply => instead = Some(Instead::Nothing),
            FaultAction::ResetAfter => instead = Some(Instead::Reset),
            FaultAction::Delay { .. }
            | FaultAction::Hold
            | FaultAction::Lose
            | FaultAction::Double
            | FaultAction::RpcError { .. }
            | FaultAction::CutAfterBytesIn { .. }
            | FaultAction::CutAfterBytesOut { .. } => {}
        }
    }
    let response = next.call(request).await?;
    match instead {
        None => Ok(response),
        Some(Instead::Status(answer)) => Ok(response.into_response(answer)),
        Some(Instead::Nothing) => {
            if let Some(Connection(stream)) = response.request().conn_data::<Connection>() {
                let _ = stream.shutdown(Shutdown::Both);
            }
            Ok(response)
        }
        Some(Instead::Reset) => reset(&response),
    }
}

fn answer(status: u16, headers: Vec<(String, String)>, body: String) -> HttpResponse {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(code);
    for header in headers {
        answer.insert_header(header);
    }
    answer.body(body)
}

/// Resets the connection: nothing is lingered for, and the task that serves it ends here, without an answer and without a message.
fn reset(response: &ServiceResponse<BoxBody>) -> ! {
    if let Some(Connection(stream)) = response.request().conn_data::<Connection>()
        && let Ok(copy) = stream.try_clone()
        && let Ok(copy) = tokio::net::TcpStream::from_std(copy)
    {
        // An error here means that the other side was faster, which is as good.
        let _ = copy.set_zero_linger();
    }
    std::panic::resume_unwind(Box::new("the lab resets this connection"))
}

fn cut(request: &ServiceRequest) {
    if let Some(Connection(stream)) = request.request().conn_data::<Connection>() {
        // An error here means that the other side was faster, which is as good.
        let _ = stream.shutdown(Shutdown::Both);
    }
    request.extensions_mut().clear();
}
