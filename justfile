# Recipes of netchange. Each is a command that one could type; `ci` is what CI runs.

set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes
_default:
    @just --list --unsorted

# Watch one ticket become a proven switch configuration; `just demo --scenario all` plays every scenario
demo *ARGS:
    cargo run -- demo --auto {{ARGS}}

# Play it yourself in the browser
play:
    cargo run -- demo

# The stand-ins alone, on the ports of netchange.example.toml
lab *ARGS:
    cargo run -- lab {{ARGS}}

# Serve with a configuration
run CONFIG="netchange.example.toml":
    cargo run -- serve --config {{CONFIG}}

# Format everything
fmt:
    cargo fmt --all

# Formatting and Clippy, warnings denied
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# All tests that need nothing but this repository
test *ARGS:
    cargo test --workspace {{ARGS}}

# Tests against a real NETCONF server and in a real browser (Debian packages; CI installs them)
test-real:
    .ci/real-tests

# Take the pictures in docs/screenshots anew
screenshots:
    NETCHANGE_SCREENSHOTS=1 cargo test --workspace --test browser -- --ignored

# yang-schema's verdicts beside yanglint's (Debian: libyang2-tools)
test-oracle:
    cargo test -p yang-schema --test oracle -- --ignored

# The same, and compiling, on a vendor's models: just test-models ~/yang/ios-xe-17.12.1
test-models DIR:
    NETCHANGE_YANG_DIR="{{DIR}}" cargo test -p yang-schema --test oracle_vendor --test cisco -- --ignored

# Time and memory of a folder of models, beside yanglint
measure-models DIR EDIT="crates/yang-schema/benches/edit-ios-xe.xml":
    cargo run --release -p yang-schema --example measure -- "{{DIR}}" "{{EDIT}}"

# Build every fuzz target and run each for a while: just fuzz, just fuzz netconf-client (needs a C++ compiler)
fuzz *TARGET:
    .ci/fuzz {{TARGET}}

# NetBox's client against a real NetBox: NETBOX_URL=… NETBOX_TOKEN=… just test-netbox
test-netbox:
    cargo test -p netbox-client --test real -- --ignored

# The documentation of all crates, warnings denied, and what docs/ claims
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    .ci/check-docs

# Measure the service as a whole; `just bench webhooks` measures one part
bench *PARTS:
    cargo bench -p orchestrator --bench service -- {{PARTS}}

# Licences, sources and bans of all dependencies
deny:
    cargo deny check

# Accept changed snapshots after looking at them (needs cargo-insta)
record:
    cargo insta review --workspace

# Forget the store and the host key of `just lab` and `just run`
db-reset:
    rm -f netchange.db netchange.db-wal netchange.db-shm netchange.lock lab_host_key lab_known_hosts

# All that CI checks, as CI does it
ci:
    .ci/run
