//! Rules for paths, found by the path and not one after the other.

use std::collections::HashMap;

/// Rules by the path they are written for, kept as a tree of path segments: a look-up costs by the
/// length of the path and not by the number of rules.
#[derive(Debug)]
pub(crate) struct PathTree<T> {
    /// Node 0 is the root. Nodes name each other by index, because a recursive type would
    /// overflow the stack when it drops a rule of very many segments.
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    rule: Option<T>,
    children: HashMap<Box<str>, usize>,
}

impl<T> PathTree<T> {
    /// A tree without rules.
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new()],
        }
    }

    /// The place of the rule for `path`.
    pub(crate) fn entry(&mut self, path: &str) -> &mut Option<T> {
        let mut current = 0;
        for segment in path.split('/') {
            let next = self.nodes.len();
            current = *self.nodes[current]
                .children
                .entry(segment.into())
                .or_insert(next);
            if current == next {
                self.nodes.push(Node::new());
            }
        }
        &mut self.nodes[current].rule
    }

    /// The rules for `path` and for the paths above it, by segments and from the top, each with
    /// the length in bytes of the path it is written for. The path is taken as it is: nothing is
    /// decoded or normalised.
    pub(crate) fn along<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (usize, &'a T)> {
        let mut length = 0;
        path.split('/')
            .scan(0, |current, segment| {
                *current = *self.nodes[*current].children.get(segment)?;
                Some((*current, segment.len()))
            })
            .filter_map(move |(node, segment)| {
                let end = length + segment;
                length = end + 1;
                self.nodes[node].rule.as_ref().map(|rule| (end, rule))
            })
    }

    /// The rules for `path` and for the paths below it, by segments.
    pub(crate) fn under<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a T> {
        let start = path.split('/').try_fold(0, |current: usize, segment| {
            self.nodes[current].children.get(segment).copied()
        });
        let mut open: Vec<usize> = start.into_iter().collect();
        std::iter::from_fn(move || {
            let node = &self.nodes[open.pop()?];
            open.extend(node.children.values());
            Some(node.rule.as_ref())
        })
        .flatten()
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            rule: None,
            children: HashMap::new(),
        }
    }
}
