//! The walk over the nodes: once from the first to the last, parents before their children.

use std::collections::BinaryHeap;

use super::SearchOptions;
use super::progress::{Fits, Query, States};
use super::texts::Texts;
use crate::schema::{NodeKind, Schema, Status};

/// What a word in a description counts.
const DESCRIPTION: u8 = 12;
/// Bits that a node's depth has beside its state.
const DEPTH_BITS: u32 = 8;
/// The greatest depth that is kept; that of deeper nodes is counted anew.
const MAX_DEPTH: u32 = (1 << DEPTH_BITS) - 1;
/// Stands for a node that is not in the tree, or below one that was left out.
const OUT: u32 = u32::MAX;

/// A hit in the order of hits: the score (the lower number the better), the depth, the node.
type Rank = (i32, usize, u32);

pub(super) struct Walk<'s> {
    schema: &'s Schema,
    options: &'s SearchOptions,
    query: &'s Query,
    states: States<'s>,
    texts: &'s Texts,
    /// Words that are looked for in descriptions, the longest first.
    in_texts: Vec<usize>,
    /// Per definition: the words whose answer is known, and those that its description has.
    described: Vec<(u8, u8)>,
    wanted: Vec<bool>,
    best: BinaryHeap<Rank>,
    total: usize,
}

impl<'s> Walk<'s> {
    pub(super) fn new(schema: &'s Schema, options: &'s SearchOptions, query: &'s Query) -> Self {
        let texts = Texts::of(schema);
        let length = |index: &usize| query.words[*index].text.as_ref().map_or(0, super::needle::Needle::len);
        let mut in_texts: Vec<usize> = (0..query.words.len())
            .filter(|index| options.descriptions && query.words[*index].text.is_some())
            .collect();
        in_texts.sort_by_key(|index| std::cmp::Reverse(length(index)));
        let wanted = options.module.as_deref();
        let modules = schema.modules.iter();
        Self {
            schema,
            options,
            query,
            states: States::new(schema, query),
            texts,
            in_texts,
            described: vec![(0, 0); texts.len()],
            wanted: modules.map(|module| wanted.is_none_or(|name| *module.name == *name)).collect(),
            best: BinaryHeap::new(),
            total: 0,
        }
    }

    /// The best hits with their scores, best first, and how many there are in all.
    pub(super) fn run(mut self) -> (Vec<(i32, u32)>, usize) {
        let mut places = vec![0_u32; self.schema.nodes.len()];
        let mut removed = self.schema.removed.iter().copied().peekable();
        for (index, data) in self.schema.nodes.iter().enumerate().skip(1) {
            let above = places[data.parent as usize];
            let is_removed = removed.next_if(|next| *next as usize == index).is_some();
            let is_transparent = matches!(data.kind, NodeKind::Choice | NodeKind::Case);
            if is_removed || above == OUT || (self.options.config_only && !data.config && !is_transparent) {
                places[index] = OUT;
                continue;
            }
            places[index] = match is_transparent {
                true => above,
                false => self.visit(index, above),
            };
        }
        let best = self.best.into_sorted_vec();
        (best.into_iter().map(|(score, _, id)| (-score, id)).collect(), self.total)
    }

    /// Judges a node; the place that the nodes below it have.
    fn visit(&mut self, index: usize, above: u32) -> u32 {
        let data = &self.schema.nodes[index];
        let (state, depth) = (above >> DEPTH_BITS, above & MAX_DEPTH);
        let class = self.query.class_of[data.name.0 as usize];
        let (below, own) = match class {
            0 => (state, Fits::default()),
            _ => self.states.step(state, self.query.view(class, data.module, depth == 0)),
        };
        if self.wanted[data.module as usize]
            && !matches!(data.kind, NodeKind::Input | NodeKind::Output)
            && let Some(score) = self.score(state, &own, data.def)
        {
            self.hit(score, depth, index);
        }
        below << DEPTH_BITS | (depth + 1).min(MAX_DEPTH)
    }

    /// How good a hit a node is, if it is one: each word fits its name, its description, or the names above it, and one of them itself.
    fn score(&mut self, state: u32, own: &Fits, def: u32) -> Option<i32> {
        let words = self.query.words.len();
        let all = u8::MAX >> (u8::BITS as usize - words);
        let named = (0..words).fold(0, |set, index| set | u8::from(own[index] > 0) << index);
        let satisfied = self.states.get(state).satisfied;
        let missing = all & !named & !satisfied;
        let mut described = 0;
        if missing != 0 {
            if !self.has_all(missing, def) {
                return None;
            }
            described = missing;
        }
        // beside what the names above count, a description seldom matters
        for index in 0..words {
            let bit = 1 << index;
            let may_matter = self.states.get(state).progress[index].score < DESCRIPTION || named | described == 0;
            if satisfied & !named & bit != 0 && may_matter && self.has_all(bit, def) {
                described |= bit;
            }
        }
        if named | described == 0 {
            return None;
        }
        let state = self.states.get(state);
        let score = (0..words).map(|index| {
            let bit = 1 << index;
            let text = if described & bit != 0 { DESCRIPTION } else { 0 };
            let above = if satisfied & bit != 0 { state.progress[index].score } else { 0 };
            i32::from(own[index].max(text).max(above))
        });
        Some(score.sum())
    }

    /// Whether a definition's description has all of some words.
    fn has_all(&mut self, words: u8, def: u32) -> bool {
        let (mut known, mut has) = self.described[def as usize];
        let mut found = 0;
        for index in &self.in_texts {
            let bit = 1 << *index;
            if words & bit == 0 {
                continue;
            }
            if known & bit == 0 {
                let text = self.texts.get(def);
                let needle = self.query.words[*index].text.as_ref();
                let is_in = needle.zip(text.description(self.schema));
                let is_in = is_in.is_some_and(|(needle, description)| needle.is_in(description, text.is_ascii));
                known |= bit;
                has |= u8::from(is_in) << *index;
                self.described[def as usize] = (known, has);
            }
            if has & bit == 0 {
                return false;
            }
            found |= bit;
        }
        // a path, or a word of another module, is in no description
        found == words
    }

    fn hit(&mut self, score: i32, depth: u32, index: usize) {
        self.total += 1;
        let depth = match depth {
            MAX_DEPTH => self.depth_of(index),
            depth => depth as usize,
        };
        let status = match self.texts.get(self.schema.nodes[index].def).status {
            Status::Current => 0,
            Status::Deprecated => 10,
            Status::Obsolete => 20,
        };
        let score = score - status - i32::try_from(depth.min(15)).unwrap_or(15);
        let rank = (-score, depth, u32::try_from(index).unwrap_or(u32::MAX));
        if self.best.len() < self.options.limit {
            self.best.push(rank);
        } else if let Some(mut worst) = self.best.peek_mut()
            && rank < *worst
        {
            *worst = rank;
        }
    }

    fn depth_of(&self, index: usize) -> usize {
        let mut depth = 0;
        let mut node = self.schema.nodes[index].parent;
        while node != 0 {
            let data = &self.schema.nodes[node as usize];
            depth += usize::from(!matches!(data.kind, NodeKind::Choice | NodeKind::Case));
            node = data.parent;
        }
        depth
    }
}
