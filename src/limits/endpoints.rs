use std::collections::HashSet;

use super::{Misread, entries};
use crate::path_tree::PathTree;

const EXPECTED: &str = "`[METHOD[|METHOD...] ]/path` or `*`, such as `GET|POST /api/v1/users`";
const UPPER_CASE: &str = "methods in upper case, such as `GET|POST /api/v1/users`";
const WILDCARD: &str = "a path without `*`, such as `/api/v1/users`, which covers everything below it; only `*` alone covers all paths";
const PATH_ALONE: &str = "a path without `?` or `#`, such as `/api/v1/users`";

/// Endpoints: paths, each with its methods.
#[derive(Debug)]
pub struct Endpoints {
    everywhere: Methods,
    below: PathTree<Methods>,
}

#[derive(Debug, Default)]
struct Methods {
    any: bool,
    named: HashSet<Box<str>>,
}

struct Endpoint<'a> {
    /// `None` for any method.
    methods: Option<Vec<&'a str>>,
    /// `None` for every path.
    path: Option<&'a str>,
}

impl Endpoints {
    /// Reads a comma-separated list of endpoints.
    ///
    /// # Errors
    ///
    /// An entry is not an endpoint.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let mut list = Self {
            everywhere: Methods::default(),
            below: PathTree::new(),
        };
        for endpoint in &entries(text, read)? {
            list.add(endpoint);
        }
        Ok(list)
    }

    /// Whether an endpoint of the list covers a request.
    ///
    /// A path covers itself and everything below it, by segments, except what another server may
    /// read as a different path: if the request has `//`, `/./`, `/../`, `/..;x/`, `%`, a backslash
    /// or a control character in it, the endpoint must spell out that part. Only `*` alone covers
    /// every path, however it may be read.
    #[must_use]
    pub fn cover(&self, method: &str, path: &str) -> bool {
        let written = must_be_written(path);
        self.everywhere.include(method)
            || self
                .below
                .along(path)
                .filter(|(length, _)| *length == path.len() || *length >= written)
                .any(|(_, methods)| methods.include(method))
    }

    /// Whether the list lets a client reach a route: whether it covers, with the route's method,
    /// some path that matches the route's template.
    ///
    /// `method` is `None` for a route that answers to every method. In the template, `{}` stands
    /// for one segment and `{:path}` for any number of them.
    #[must_use]
    pub fn reach(&self, method: Option<&str>, template: &str) -> bool {
        let written = must_be_written(template);
        self.everywhere.serve(method)
            || self
                .below
                .matching(template)
                .iter()
                .filter(|(length, _)| *length == template.len() || *length >= written)
                .any(|(_, methods)| methods.serve(method))
    }

    fn add(&mut self, endpoint: &Endpoint<'_>) {
        let place = match endpoint.path {
            None => &mut self.everywhere,
            Some(path) => self.below.entry(path).get_or_insert_default(),
        };
        match &endpoint.methods {
            None => place.any = true,
            Some(methods) => place
                .named
                .extend(methods.iter().map(|method| Box::from(*method))),
        }
    }
}

impl Methods {
    /// Whether an included request reaches a route with this method, or with any if it is `None`.
    fn serve(&self, method: Option<&str>) -> bool {
        method.map_or(self.any || !self.named.is_empty(), |method| {
            self.include(method)
        })
    }

    fn include(&self, method: &str) -> bool {
        self.any || self.named.contains(method) || method == "HEAD" && self.named.contains("GET")
    }
}

fn read(entry: &str) -> Result<Endpoint<'_>, &'static str> {
    let words: Vec<&str> = entry.split_whitespace().collect();
    let (methods, path) = match words[..] {
        [path] => (None, path),
        [methods, path] => (Some(read_methods(methods)?), path),
        _ => return Err(EXPECTED),
    };
    match path {
        "*" => Ok(Endpoint {
            methods,
            path: None,
        }),
        _ if !path.starts_with('/') => Err(EXPECTED),
        _ if path.contains('*') => Err(WILDCARD),
        _ if path.contains(['?', '#']) => Err(PATH_ALONE),
        _ => Ok(Endpoint {
            methods,
            path: Some(path),
        }),
    }
}

fn read_methods(text: &str) -> Result<Vec<&str>, &'static str> {
    text.split('|')
        .map(|method| {
            if method.is_empty() || !method.bytes().all(is_token) {
                Err(EXPECTED)
            } else if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
                Err(UPPER_CASE)
            } else {
                Ok(method)
            }
        })
        .collect()
}

/// Whether a byte may occur in a token. Every method is a token (RFC 9110, 5.6.2 and 9.1).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`~".contains(&byte)
}

/// Whether a character of a decoded path may make another server read a different path: decoding
/// once more acts on `%`, some take a backslash for a slash (WHATWG URL, 4.4), and some drop
/// control characters or end the path at them.
fn is_read_again(character: char) -> bool {
    matches!(character, '%' | '\\') || character.is_control()
}

/// How many bytes of a path an endpoint must spell out so that no server reads the rest as another
/// path. Java's servers drop what follows a `;` in a segment (RFC 3986, 3.3).
fn must_be_written(path: &str) -> usize {
    let mut start = 0;
    let mut written = 0;
    for segment in path.split('/') {
        let end = start + segment.len();
        let name = segment.split(';').next();
        if matches!(name, Some("." | "..")) || segment.contains(is_read_again) {
            written = end;
        } else if segment.is_empty() && end < path.len() {
            // An endpoint may end in this very slash; then the next slash belongs to the rest.
            written = end + 1;
        }
        start = end + 1;
    }
    written
}
