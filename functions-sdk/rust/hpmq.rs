//! Functions for HPMQ in Rust: ABI hpmq-fn/1, without any crate.
#![allow(dead_code)]

#[link(wasm_import_module = "hpmq")]
extern "C" {
    #[link_name = "log"]
    fn host_log(level: i32, text: *const u8, length: usize);
    #[link_name = "now"]
    fn host_now() -> i64;
    #[link_name = "config"]
    fn host_config(key: *const u8, length: usize) -> u64;
    #[link_name = "kv_get"]
    fn host_kv_get(key: *const u8, length: usize) -> u64;
    #[link_name = "kv_set"]
    fn host_kv_set(key: *const u8, key_length: usize, value: *const u8, length: usize) -> i32;
}

#[no_mangle]
pub extern "C" fn hpmq_abi() -> i32 {
    1
}

#[no_mangle]
pub extern "C" fn hpmq_alloc(length: usize) -> *mut u8 {
    let mut bytes = Vec::<u8>::with_capacity(length.max(1));
    let pointer = bytes.as_mut_ptr();
    std::mem::forget(bytes);
    pointer
}

/// # Safety
/// `pointer` came from hpmq_alloc or from a hook, with this length.
#[no_mangle]
pub unsafe extern "C" fn hpmq_free(pointer: *mut u8, length: usize) {
    drop(Vec::from_raw_parts(pointer, 0, length.max(1)));
}

pub fn log(text: &str) {
    unsafe { host_log(1, text.as_ptr(), text.len()) }
}

/// Unix ms.
pub fn now() -> i64 {
    unsafe { host_now() }
}

fn taken(packed: u64) -> Option<Vec<u8>> {
    if packed == 0 {
        return None;
    }
    let (pointer, length) = ((packed >> 32) as usize as *mut u8, packed as u32 as usize);
    Some(unsafe { Vec::from_raw_parts(pointer, length, length.max(1)) })
}

/// JSON text of what the configuration says.
pub fn config(key: &str) -> Option<String> {
    taken(unsafe { host_config(key.as_ptr(), key.len()) }).and_then(|bytes| String::from_utf8(bytes).ok())
}

pub fn kv_get(key: &str) -> Option<Vec<u8>> {
    taken(unsafe { host_kv_get(key.as_ptr(), key.len()) })
}

/// false: over the quota
pub fn kv_set(key: &str, value: &[u8]) -> bool {
    unsafe { host_kv_set(key.as_ptr(), key.len(), value.as_ptr(), value.len()) == 0 }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(length);
        self.0 = tail;
        head
    }
    fn number(&mut self, width: usize) -> usize {
        self.bytes(width).iter().rev().fold(0, |value, byte| value << 8 | *byte as usize)
    }
    fn text(&mut self) -> &'a str {
        let length = self.number(2);
        std::str::from_utf8(self.bytes(length)).unwrap_or("")
    }
    fn long(&mut self) -> &'a [u8] {
        let length = self.number(4);
        self.bytes(length)
    }
}

#[derive(Clone)]
pub struct Message<'a> {
    pub qos: u8,
    pub retain: bool,
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub properties: &'a [u8],
}

pub struct Context<'a> {
    pub origin: &'a str,
    /// The payload that the function saw last on this topic.
    pub previous: Option<&'a [u8]>,
    pub is_downstream: bool,
}

pub struct Messages {
    bytes: Vec<u8>,
    count: u16,
}

impl Messages {
    pub fn add(&mut self, message: &Message) {
        let to = &mut self.bytes;
        to.push(message.qos & 3 | if message.retain { 4 } else { 0 });
        to.extend((message.topic.len() as u16).to_le_bytes());
        to.extend(message.topic.as_bytes());
        to.extend((message.payload.len() as u32).to_le_bytes());
        to.extend(message.payload);
        to.extend(message.properties);
        self.count += 1;
    }

    fn answer(mut self) -> u64 {
        if self.count == 0 {
            return 0;
        }
        self.bytes[..2].copy_from_slice(&self.count.to_le_bytes());
        let bytes = self.bytes.into_boxed_slice();
        let length = bytes.len() as u64;
        (Box::into_raw(bytes) as *mut u8 as usize as u64) << 32 | length
    }
}

/// # Safety
/// Called by a hook, with what it was given.
pub unsafe fn on_message(pointer: *mut u8, length: usize, hook: impl Fn(&Message, &Context, &mut Messages) -> bool) -> u64 {
    let input = Vec::from_raw_parts(pointer, length, length.max(1));
    let mut from = Reader(&input);
    let flags = from.number(1) as u8;
    let (topic, payload) = (from.text(), from.long());
    let start = from.0;
    for _ in 0..from.number(2) {
        from.bytes(1);
        from.text();
        from.long();
    }
    let properties = &start[..start.len() - from.0.len()];
    let message = Message { qos: flags & 3, retain: flags & 4 != 0, topic, payload, properties };
    let origin = from.text();
    let previous = match from.number(4) {
        0xffff_ffff => None,
        length => Some(from.bytes(length)),
    };
    let context = Context { origin, previous, is_downstream: from.number(1) == 1 };
    let mut out = Messages { bytes: vec![0, 0], count: 0 };
    if hook(&message, &context, &mut out) {
        out.answer()
    } else {
        u64::MAX
    }
}
