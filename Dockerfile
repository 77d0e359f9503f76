# The weir binary with the content it decides by. Secrets come by the environment, never into the image.
FROM rust:1.95-bookworm AS builder
WORKDIR /src
# The image's own toolchain: rust-toolchain.toml asks for parts that a build does not need.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# The registry and the build outlive this layer, so that a change of ours rebuilds what is ours.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release -p weir-pipelines --bin weir && cp target/release/weir /usr/local/bin/weir

FROM debian:bookworm-slim
RUN apt-get update -q \
    && apt-get install -qy --no-install-recommends ca-certificates libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/weir --create-home weir
COPY --from=builder /usr/local/bin/weir /usr/local/bin/weir
# The configuration finds its content beside itself.
COPY features/views /opt/weir/features/views
COPY models /opt/weir/models
COPY lending/products /opt/weir/lending/products
COPY ops/weir.toml /opt/weir/weir.toml
USER weir
VOLUME /var/lib/weir
EXPOSE 8080
# bash speaks enough HTTP for this; the image needs no client.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["weir"]
CMD ["run", "--config", "/opt/weir/weir.toml"]
