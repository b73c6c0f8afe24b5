//! Where each definition's description stands, close together: a search reads all of them.

use super::needle::Frequencies;
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

/// Of how many descriptions one is counted for how often letters stand in them.
const SAMPLED: usize = 32;

/// The descriptions of a schema, by definition. Made by the first search.
#[derive(Debug)]
pub(crate) struct Texts {
    texts: Vec<Text>,
    pub(super) frequencies: Frequencies,
}

impl Texts {
    fn new(schema: &Schema) -> Self {
        let of = |text: &Text| text.description(schema);
        let texts = schema.defs.iter().map(|def| {
            let (arg, file) = match def.description {
                Some(at) => (schema.sources[at.file as usize].stmt(at.stmt).arg, at.file),
                None => (Arg::None, 0),
            };
            let is_ascii = def.description.is_none_or(|at| schema.arg(at).is_ascii());
            Text { arg, file, is_ascii, status: def.status }
        });
        let texts: Vec<Text> = texts.collect();
        let frequencies = Frequencies::of(texts.iter().step_by(SAMPLED).filter_map(of));
        Self { texts, frequencies }
    }

    pub(super) fn of(schema: &Schema) -> &Self {
        schema.texts.get_or_init(|| Self::new(schema))
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn get(&self, def: u32) -> &Text {
        &self.texts[def as usize]
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
