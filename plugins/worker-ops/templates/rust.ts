// A worker in Rust.
import { SDK, type LanguageFiles } from './language-files.ts'

export function rustFiles(name: string): LanguageFiles {
  return {
    files: {
      'src/main.rs': `use iii_sdk::iii::WorkerMetadata;
use iii_sdk::{register_worker, Error, InitOptions, RegisterFunction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{signal, SignalKind};

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Who
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Greeting {
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The engine that starts it says where it is.
    let url = std::env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".to_string());
    let metadata = WorkerMetadata {
        name: "${name}".to_string(),
        ..Default::default()
    };
    let iii = register_worker(
        &url,
        InitOptions {
            metadata: Some(metadata),
            ..Default::default()
        },
    );

    iii.register_function(
        "${name}::greet",
        RegisterFunction::new_async(|input: Greet| async move {
            Ok::<_, Error>(Greeting {
                text: format!("Hello, {}", input.name),
            })
        })
        .description("Greets somebody."),
    );
    println!("${name} is ready to greet");

    // A clean end: calls go to somebody else at once.
    signal(SignalKind::terminate())?.recv().await;
    iii.shutdown_async().await;
    Ok(())
}
`,
      'Cargo.toml': `[package]
name = "${crateName(name)}"
version = "0.1.0"
edition = "2021"
publish = false

[dependencies]
iii-sdk = "=${SDK.crates}"
schemars = "0.8"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread", "signal"] }
`,
    },
    install: 'cargo build --quiet',
    start: 'cargo run --quiet',
    ignored: ['target/'],
    needs: 'It needs Rust 1.85 or newer; for production put `--release` behind both commands of `iii.worker.yaml`.',
  }
}

/** A package of Rust begins with a letter and has no dots. */
function crateName(name: string): string {
  const plain = name.replaceAll('.', '-')
  return /^[A-Za-z]/.test(plain) ? plain : `worker-${plain}`
}
