//! The host's list of endpoints that API keys may reach.

use std::collections::HashMap;

/// The host's endpoint list, parsed.
///
/// A rule covers the path equal to it and every path below it, by segments: the rule of
/// `get_current_user_by_api_key` in Open WebUI 0.9.0 and later. The rules are kept as a tree of
/// path segments, so a look-up costs by the length of the path and not by the number of rules.
#[derive(Debug)]
pub struct Allowlist {
    /// Node 0 is the root. Nodes name each other by index, because a recursive type would
    /// overflow the stack when it drops a rule of very many segments.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    ends_a_rule: bool,
    children: HashMap<Box<str>, usize>,
}

impl Allowlist {
    /// Parses the text of the host's setting `auth.api_key.allowed_endpoints`: rules parted by
    /// commas, white space around a rule dropped, empty rules dropped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut list = Self {
            nodes: vec![Node::default()],
        };
        text.split(',')
            .map(|rule| rule.trim_matches(is_python_space))
            .filter(|rule| !rule.is_empty())
            .for_each(|rule| list.insert(rule));
        list
    }

    /// Whether a rule covers `path`. The path is taken as it is: nothing is decoded or normalised.
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        let mut node = &self.nodes[0];
        for segment in path.split('/') {
            let Some(&child) = node.children.get(segment) else {
                return false;
            };
            node = &self.nodes[child];
            if node.ends_a_rule {
                return true;
            }
        }
        false
    }

    fn insert(&mut self, rule: &str) {
        let mut current = 0;
        for segment in rule.split('/') {
            let next = self.nodes.len();
            current = *self.nodes[current]
                .children
                .entry(segment.into())
                .or_insert(next);
            if current == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[current].ends_a_rule = true;
    }
}

/// Python's `str.strip` also drops the four separators U+001C to U+001F, which Unicode does not
/// call white space.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}
