//! Where each definition's description stands, close together: a search reads all of them.

use crate::schema::{Schema, Status};
use crate::syntax::source::Arg;

/// Of one definition, what a search wants to know; 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    arg: Arg,
    file: u16,
    pub(super) is_ascii: bool,
    pub(super) status: Status,
}

/// The descriptions of a schema, by definition. Made by the first search.
#[derive(Debug)]
pub(crate) struct Texts(Vec<Text>);

impl Texts {
    fn new(schema: &Schema) -> Self {
        let texts = schema.defs.iter().map(|def| {
            let (arg, file) = match def.description {
                Some(at) => (schema.sources[at.file as usize].stmt(at.stmt).arg, at.file),
                None => (Arg::None, 0),
            };
            let is_ascii = def.description.is_none_or(|at| schema.arg(at).is_ascii());
            Text { arg, file, is_ascii, status: def.status }
        });
        Self(texts.collect())
    }

    pub(super) fn of(schema: &Schema) -> &Self {
        schema.texts.get_or_init(|| Self::new(schema))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, def: u32) -> &Text {
        &self.0[def as usize]
    }
}

impl Text {
    /// The description, `None` where there is none.
    pub(super) fn description<'s>(&self, schema: &'s Schema) -> Option<&'s str> {
        match self.arg {
            Arg::None => None,
            arg => Some(schema.sources.get(usize::from(self.file))?.text_of(arg)),
        }
    }
}
