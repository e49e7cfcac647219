//! The R2 bucket of the second copy.

use js_sys::{Array, JsString, Promise};
use wasm_bindgen::prelude::*;

use super::executor::wait;
use super::{Bindings, JsFailure, property};

#[wasm_bindgen(module = "/src/platform/bucket.js")]
extern "C" {
    #[wasm_bindgen(js_name = putObjects)]
    fn put_objects(bucket: &JsValue, names: &str, notes: &str, bodies: &Array) -> Promise;
    #[wasm_bindgen(js_name = putText)]
    fn put_text(bucket: &JsValue, name: &str, text: &str) -> Promise;
    #[wasm_bindgen(js_name = replaceText)]
    fn replace_text(bucket: &JsValue, name: &str, text: &str, etag: &str) -> Promise;
    #[wasm_bindgen(js_name = getTagged)]
    fn get_tagged(bucket: &JsValue, name: &str) -> Promise;
    #[wasm_bindgen(js_name = getObjects)]
    fn get_objects(bucket: &JsValue, names: &str) -> Promise;
    #[wasm_bindgen(js_name = listObjects)]
    fn list_objects(bucket: &JsValue, prefix: &str, after: &str, limit: u32) -> Promise;
    #[wasm_bindgen(js_name = deleteObjects)]
    fn delete_objects(bucket: &JsValue, names: &str) -> Promise;
    #[wasm_bindgen(js_name = withFields)]
    fn with_fields(objects: &Array, extra: &str) -> JsString;
}

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    fn within(ms: u32, promise: &Promise) -> Promise;
}

/// The bucket cannot be asked, and why.
pub struct Unreachable(pub String);

impl From<JsValue> for Unreachable {
    fn from(thrown: JsValue) -> Self {
        Self(JsFailure::from(thrown).0)
    }
}

/// An R2 binding.
#[derive(Clone)]
pub struct Bucket(JsValue);

/// Objects to be put: names and notes a line each. A note is the time and the version that an object was made of, and its key.
#[derive(Default)]
pub struct Puts {
    names: String,
    notes: String,
    bodies: Array,
}

impl Puts {
    /// `sealed` takes the place of the null that the object in `body` ends with.
    pub fn push(&mut self, name: &str, note: &str, body: &JsString, sealed: Option<&JsString>) {
        if self.bodies.length() > 0 {
            self.names.push_str("\n");
            self.notes.push_str("\n");
        }
        self.names.push_str(name);
        self.notes.push_str(note);
        self.bodies.push(body);
        self.bodies
            .push(&sealed.map_or(JsValue::UNDEFINED, JsValue::from));
    }

    pub fn is_empty(&self) -> bool {
        self.bodies.length() == 0
    }
}

/// What became of an object that was to be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, put now or before.
    There,
    /// Another one, made of something else, has its name.
    Taken,
}

/// Puts that are under way. They go on whether or not anybody waits.
#[derive(Clone)]
pub struct PutsUnderWay(Promise);

impl PutsUnderWay {
    /// What became of each. An error: one could not be put.
    pub async fn finish(&self) -> Result<Vec<Put>, Unreachable> {
        Ok(Self::read(&wait(&self.0).await?))
    }

    /// As [`finish`](Self::finish); an error too if it takes longer than so many milliseconds.
    pub async fn finish_within(&self, ms: u32) -> Result<Vec<Put>, Unreachable> {
        Ok(Self::read(&wait(&within(ms, &self.0)).await?))
    }

    fn read(told: &JsValue) -> Vec<Put> {
        let told = told.as_string().unwrap_or_default();
        let put = |told| match told {
            '1' | '2' => Put::There,
            _ => Put::Taken,
        };
        told.chars().map(put).collect()
    }
}

/// An object in a listing.
pub struct Listed {
    pub name: String,
    pub size: u64,
    /// The version that it was made of, if it is a share's.
    pub version: String,
    /// When the change was made that it tells of; empty if it does not say.
    pub at: String,
}

impl Bucket {
    /// The one that is bound under this name.
    pub fn named(bindings: &Bindings, name: &str) -> Self {
        Self(bindings.binding(name))
    }

    /// Begins to put objects, each only if there is none of its name.
    pub fn put_new(&self, puts: &Puts) -> PutsUnderWay {
        PutsUnderWay(put_objects(&self.0, &puts.names, &puts.notes, &puts.bodies))
    }

    pub async fn put(&self, name: &str, text: &str) -> Result<(), Unreachable> {
        wait(&put_text(&self.0, name, text)).await?;
        Ok(())
    }

    /// Puts an object in the place of the one with this etag; empty: where there is none. Its own etag; None if another one has come there.
    pub async fn replace(
        &self,
        name: &str,
        text: &str,
        etag: &str,
    ) -> Result<Option<String>, Unreachable> {
        let etag = wait(&replace_text(&self.0, name, text, etag)).await?;
        Ok(etag.as_string())
    }

    /// An object's text and etag.
    pub async fn get(&self, name: &str) -> Result<Option<(String, String)>, Unreachable> {
        let told = wait(&get_tagged(&self.0, name)).await?.as_string();
        let parts = told.as_deref().and_then(|told| told.split_once('\n'));
        Ok(parts.map(|(etag, text)| (text.to_owned(), etag.to_owned())))
    }

    /// Objects as what their JSON stands for: null for one that is not there, `false` for one that is no JSON.
    pub async fn get_all(&self, names: &[&str]) -> Result<Vec<JsValue>, Unreachable> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let objects: Array = wait(&get_objects(&self.0, &names.join("\n")))
            .await?
            .unchecked_into();
        Ok(objects.to_vec())
    }

    /// The next names with a prefix behind a name (empty: from the first on), at most 1,000, and whether there are more.
    pub async fn list(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<(Vec<Listed>, bool), Unreachable> {
        let page = wait(&list_objects(&self.0, prefix, after, limit)).await?;
        let text = |name| property(&page, name).as_string().unwrap_or_default();
        let [names, sizes, versions, times] = ["names", "sizes", "versions", "times"].map(text);
        let mut versions = versions.split('\n');
        let mut times = times.split('\n');
        let mut next = || (versions.next(), times.next());
        let listed = names
            .lines()
            .zip(sizes.lines())
            .map(|(name, size)| {
                let (version, at) = next();
                Listed {
                    name: name.to_owned(),
                    size: size.parse().unwrap_or_default(),
                    version: version.unwrap_or_default().to_owned(),
                    at: at.unwrap_or_default().to_owned(),
                }
            })
            .collect();
        Ok((listed, property(&page, "truncated").is_truthy()))
    }

    /// Deletes objects, at most 1,000. An error: one is kept, because of a lock for example.
    pub async fn delete(&self, names: &[&str]) -> Result<(), Unreachable> {
        if !names.is_empty() {
            wait(&delete_objects(&self.0, &names.join("\n"))).await?;
        }
        Ok(())
    }
}

/// JSON text of an array of these objects, each with its fields from `extra`, a JSON array of objects.
pub fn items(objects: &Array, extra: &str) -> JsString {
    with_fields(objects, extra)
}
