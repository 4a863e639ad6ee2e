//! A worker on the unmodified iii-sdk from crates.io. Its functions are called from Node, and call what a test names.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iii_sdk::channels::{ChannelReader, ChannelWriter, StreamChannelRef};
use iii_sdk::error::Error;
use iii_sdk::iii::RegisterFunction;
use iii_sdk::protocol::{RegisterTriggerInput, TriggerAction, TriggerRequest};
use iii_sdk::{register_worker, InitOptions};
use serde_json::{json, Value};
use tokio::io::AsyncReadExt;

const CONTENT_BYTES: usize = 1 << 20;
const PIECES: usize = 8;

fn content() -> Vec<u8> {
    (0..CONTENT_BYTES)
        .map(|index| (index % 251) as u8)
        .collect()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_string()
}

/// What a Rust caller sees of a call: its result, or its error.
fn outcome(answer: Result<Value, Error>) -> Value {
    match answer {
        Ok(value) => json!({ "ok": value }),
        Err(error) => match error.invocation_error() {
            Some(error) => json!({ "code": error.code, "message": error.message }),
            None => json!({ "code": null, "message": error.to_string() }),
        },
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("the URL of the engine");
    let iii = register_worker(&url, InitOptions::default());
    let noted: Arc<Mutex<Vec<Value>>> = Arc::default();

    iii.register_function(
        "rs::add",
        RegisterFunction::new_async(|data: Value| async move {
            let sum = data["a"].as_i64().unwrap_or(0) + data["b"].as_i64().unwrap_or(0);
            Ok::<Value, Error>(json!({ "sum": sum }))
        })
        .description("Adds two numbers."),
    );
    iii.register_function(
        "rs::echo",
        RegisterFunction::new_async(|data: Value| async move {
            Ok::<Value, Error>(data["value"].clone())
        }),
    );
    iii.register_function(
        "rs::boom",
        RegisterFunction::new_async(|_: Value| async move {
            Err::<Value, Error>(Error::Handler("boom from Rust".to_string()))
        }),
    );

    // Keeps what it is called with, and fails as often as that says.
    let failing: Arc<Mutex<std::collections::HashMap<String, u64>>> = Arc::default();
    let notes = noted.clone();
    iii.register_function(
        "rs::note",
        RegisterFunction::new_async(move |data: Value| {
            let (notes, failing) = (notes.clone(), failing.clone());
            async move {
                notes.lock().unwrap().push(data.clone());
                let mut failing = failing.lock().unwrap();
                let left = failing
                    .entry(text(&data, "id"))
                    .or_insert(data["fails"].as_u64().unwrap_or(0));
                if *left == 0 {
                    return Ok::<Value, Error>(Value::Null);
                }
                *left -= 1;
                Err(Error::Handler("not yet".to_string()))
            }
        }),
    );
    let notes = noted.clone();
    iii.register_function(
        "rs::noted",
        RegisterFunction::new_async(move |_: Value| {
            let notes = notes.clone();
            async move { Ok::<Value, Error>(Value::Array(notes.lock().unwrap().clone())) }
        }),
    );

    let client = iii.clone();
    iii.register_function(
        "rs::call",
        RegisterFunction::new_async(move |data: Value| {
            let client = client.clone();
            async move {
                let action = match data["action"].as_str() {
                    Some("void") => Some(TriggerAction::Void),
                    Some("enqueue") => Some(TriggerAction::Enqueue {
                        queue: text(&data, "queue"),
                    }),
                    _ => None,
                };
                let request = TriggerRequest {
                    function_id: text(&data, "function_id"),
                    payload: data["payload"].clone(),
                    action,
                    timeout_ms: data["timeout_ms"].as_u64(),
                };
                Ok::<Value, Error>(outcome(client.trigger(request).await))
            }
        }),
    );

    let base = url.clone();
    iii.register_function(
        "rs::send",
        RegisterFunction::new_async(move |data: Value| {
            let base = base.clone();
            async move {
                let end: StreamChannelRef = serde_json::from_value(data["writer"].clone())?;
                let writer = ChannelWriter::new(&base, &end);
                for (index, piece) in content().chunks(CONTENT_BYTES / PIECES).enumerate() {
                    writer
                        .send_message(&json!({ "piece": index }).to_string())
                        .await?;
                    writer.write(piece).await?;
                }
                writer.close().await?;
                Ok::<Value, Error>(json!(CONTENT_BYTES))
            }
        }),
    );
    let base = url.clone();
    iii.register_function(
        "rs::take",
        RegisterFunction::new_async(move |data: Value| {
            let base = base.clone();
            async move {
                let end: StreamChannelRef = serde_json::from_value(data["reader"].clone())?;
                let reader = ChannelReader::new(&base, &end);
                let messages: Arc<Mutex<Vec<String>>> = Arc::default();
                let heard = messages.clone();
                reader.on_message(move |message| heard.lock().unwrap().push(message)).await;
                let bytes = reader.read_all().await?;
                let messages = messages.lock().unwrap().clone();
                Ok::<Value, Error>(json!({ "length": bytes.len(), "equal": bytes == content(), "messages": messages }))
            }
        }),
    );

    // Bound to routes by the tests: a request body that is read and a whole answer, and an answer that is written piece by piece.
    let base = url.clone();
    iii.register_function(
        "rs::upload",
        RegisterFunction::new_async(move |request: Value| {
            let base = base.clone();
            async move {
                let end: StreamChannelRef = serde_json::from_value(request["request_body"].clone())?;
                let bytes = ChannelReader::new(&base, &end).read_all().await?;
                let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
                Ok::<Value, Error>(json!({
                    "status_code": 201,
                    "headers": { "x-made-by": "rust" },
                    "body": {
                        "length": bytes.len(),
                        "sum": sum,
                        "id": request["path_params"]["id"],
                        "parsed": request["body"],
                    },
                }))
            }
        }),
    );
    let base = url.clone();
    iii.register_function(
        "rs::pieces",
        RegisterFunction::new_async(move |request: Value| {
            let base = base.clone();
            async move {
                let end: StreamChannelRef = serde_json::from_value(request["response"].clone())?;
                let writer = ChannelWriter::new(&base, &end);
                for message in [
                    json!({ "type": "set_status", "status_code": 206 }),
                    json!({ "type": "set_headers", "headers": { "content-type": "text/plain" } }),
                ] {
                    writer.send_message(&message.to_string()).await?;
                }
                for piece in content().chunks(CONTENT_BYTES / PIECES) {
                    writer.write(piece).await?;
                }
                writer.close().await?;
                Ok::<Value, Error>(Value::Null)
            }
        }),
    );

    for (kind, config) in [
        ("state", json!({ "scope": "watched-by-rust" })),
        ("stream", json!({ "stream_name": "rust-items" })),
        (
            "durable:subscriber",
            json!({ "topic": "rust-orders", "queue_config": { "maxRetries": 2, "backoffDelayMs": 1 } }),
        ),
    ] {
        // Built from JSON, since its members differ between the generations of the crate.
        let input = json!({ "trigger_type": kind, "function_id": "rs::note", "config": config });
        let input: RegisterTriggerInput =
            serde_json::from_value(input).expect("the input of a trigger");
        iii.register_trigger(input).expect("a trigger");
    }

    // Until its standard input ends, so that nothing is left behind when the test is gone.
    let mut rest = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut rest).await;
    let _ = tokio::time::timeout(Duration::from_secs(5), iii.shutdown_async()).await;
}
