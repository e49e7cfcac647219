//! What an isolate remembers for a while: answers that are good for some seconds. Bounded, so that nobody can fill its
//! memory: every key has one slot, and two that share a slot push each other out. Forgetting early is always harmless.

use super::secret::CredentialHash;

/// Values by the hash of what they are about, each until its own time (milliseconds since 1970).
pub struct Recent<V> {
    slots: Vec<Option<Entry<V>>>,
    limit: usize,
}

struct Entry<V> {
    key: CredentialHash,
    until: u64,
    value: V,
}

impl<V> Recent<V> {
    pub const fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            limit,
        }
    }

    /// Whether nothing was ever remembered.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub fn get(&self, key: CredentialHash, now: u64) -> Option<&V> {
        let entry = self.slots.get(self.slot(key))?.as_ref()?;
        (entry.key == key && now < entry.until).then_some(&entry.value)
    }

    pub fn insert(&mut self, key: CredentialHash, value: V, until: u64) {
        if self.slots.is_empty() {
            self.slots.resize_with(self.limit, || None);
        }
        let slot = self.slot(key);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = Some(Entry { key, until, value });
        }
    }

    fn slot(&self, key: CredentialHash) -> usize {
        key.bucket() as usize % self.limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CredentialHash {
        CredentialHash::of(text)
    }

    #[test]
    fn an_entry_lasts_until_its_time() {
        let mut recent = Recent::new(64);
        recent.insert(key("a"), 1, 100);
        assert_eq!(recent.get(key("a"), 99), Some(&1));
        assert_eq!(recent.get(key("a"), 100), None);
        assert_eq!(recent.get(key("b"), 0), None);
        recent.insert(key("a"), 2, 150);
        assert_eq!(recent.get(key("a"), 149), Some(&2));
    }

    #[test]
    fn it_never_holds_more_than_its_limit_and_never_mixes_two_keys_up() {
        let mut recent = Recent::new(4);
        for n in 0..100 {
            recent.insert(key(&n.to_string()), n, 1000);
            assert_eq!(recent.slots.len(), 4);
            assert_eq!(
                recent.get(key(&n.to_string()), 0),
                Some(&n),
                "the newest is there"
            );
        }
        let kept: Vec<_> = (0..100)
            .filter(|n: &i32| recent.get(key(&n.to_string()), 0).is_some())
            .collect();
        assert!(kept.len() <= 4);
        for n in kept {
            assert_eq!(recent.get(key(&n.to_string()), 0), Some(&n));
        }
    }

    #[test]
    fn it_is_empty_until_something_is_remembered() {
        let mut recent = Recent::new(4);
        assert!(recent.is_empty());
        recent.insert(key("a"), 1, 100);
        assert!(!recent.is_empty());
    }

    #[test]
    fn most_of_a_few_keys_have_a_slot_each() {
        let mut recent = Recent::new(1024);
        let keys: Vec<_> = (0..20).map(|n| key(&n.to_string())).collect();
        for key in &keys {
            recent.insert(*key, (), 100);
        }
        let kept = keys.iter().filter(|key| recent.get(**key, 0).is_some());
        assert!(kept.count() >= 18);
    }
}
