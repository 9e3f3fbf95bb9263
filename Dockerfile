# The sandbox in an empty image. The program is built outside, with a static C library:
#
#   RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked \
#     --target x86_64-unknown-linux-gnu --package mobiscroll-connect-cli
#   docker build --tag connect-sandbox .
#   docker run --rm --publish 8080:8080 connect-sandbox
#
# Arguments are added to the command: `docker run .. connect-sandbox --host sandbox --set token_ttl=30`.
FROM scratch
COPY target/x86_64-unknown-linux-gnu/release/connect /connect
USER 65534:65534
EXPOSE 8080
ENTRYPOINT ["/connect", "sandbox", "--listen", "0.0.0.0:8080"]
