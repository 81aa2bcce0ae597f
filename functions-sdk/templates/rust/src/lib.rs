//! Gives readings below raw/ on below another topic, and drops those that say the same as the one before.
mod hpmq;

fn forward(message: &hpmq::Message, context: &hpmq::Context, out: &mut hpmq::Messages) -> bool {
    if context.previous == Some(message.payload) {
        return true;
    }
    // JSON text: with its quotation marks.
    let prefix = hpmq::config("prefix").map_or("clean".into(), |text| text.trim_matches('"').to_string());
    let topic = match message.topic.strip_prefix("raw/") {
        Some(rest) => format!("{prefix}/{rest}"),
        None => message.topic.to_string(),
    };
    out.add(&hpmq::Message { topic: &topic, ..message.clone() });
    true
}

/// # Safety
/// Called by the gateway.
#[no_mangle]
pub unsafe extern "C" fn on_message(pointer: *mut u8, length: usize) -> u64 {
    hpmq::on_message(pointer, length, forward)
}
