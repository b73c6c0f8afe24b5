//! One session of what is measured: of this crate, or of the floor.

use futures_util::StreamExt as _;
use futures_util::stream;
use netconf_client::Session;

use crate::floor::Floor;
use crate::{Arguments, Outcome, edit, edit_config, query};

pub(crate) enum Peer {
    Client(Session),
    Floor(Box<Floor>),
}

impl Peer {
    pub(crate) async fn open(arguments: &Arguments) -> Outcome<Self> {
        if arguments.text("client") == "floor" {
            return Ok(Peer::Floor(Box::new(Floor::open(&arguments.login).await?)));
        }
        Ok(Peer::Client(arguments.connector.session().await?))
    }

    /// One get-config; the reply's length.
    pub(crate) async fn get(&mut self, arguments: &Arguments, filter: &str) -> Outcome<usize> {
        match self {
            Peer::Client(session) => get(session, arguments, filter).await,
            Peer::Floor(floor) => floor.get(filter, 1, 1).await,
        }
    }

    /// `n` get-configs with `window` outstanding.
    pub(crate) async fn pipeline(&mut self, arguments: &Arguments, n: usize, window: usize) -> Outcome<()> {
        match self {
            Peer::Client(session) => {
                let session = &*session;
                let mut calls = stream::iter(0..n)
                    .map(|_| get(session, arguments, &arguments.filter))
                    .buffer_unordered(window);
                while let Some(answer) = calls.next().await {
                    answer?;
                }
                Ok(())
            }
            Peer::Floor(floor) => floor.get(&arguments.filter, n, window).await.map(drop),
        }
    }

    pub(crate) async fn edit(&mut self) -> Outcome<()> {
        match self {
            Peer::Client(session) => edit(session).await,
            Peer::Floor(floor) => floor.edit(edit_config()).await,
        }
    }

    pub(crate) async fn close(self) -> Outcome<()> {
        match self {
            Peer::Client(session) => Ok(session.close().await?),
            Peer::Floor(floor) => floor.close().await,
        }
    }
}

async fn get(session: &Session, arguments: &Arguments, filter: &str) -> Outcome<usize> {
    if arguments.text("dom") == "stream" {
        let mut reply = session.stream(query(filter)).await?;
        let mut length = 0;
        while let Some(part) = reply.chunk().await? {
            length += part.len();
        }
        return Ok(length);
    }
    let data = session.call(query(filter)).await?;
    match arguments.text("dom") {
        "1" => {
            data.tree()?;
        }
        "pull" => {
            let mut reader = quick_xml::Reader::from_str(data.reply().text());
            while !matches!(reader.read_event()?, quick_xml::events::Event::Eof) {}
        }
        _ => {}
    }
    Ok(data.reply().text().len())
}
