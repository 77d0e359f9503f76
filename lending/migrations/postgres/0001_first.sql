-- Everything lending keeps. A migration only adds; what is no longer read is dropped a release later.
-- Ids and names are compared byte by byte: no index depends on the system's collations.
create table stream_events (
    stream  text   collate "C" not null,
    version bigint not null,
    body    text   not null,
    at      bigint not null,
    trace   text   not null,
    primary key (stream, version)
);

create table journal (
    number   bigint primary key,
    entry_id text   collate "C" not null unique,
    entry    text   not null,
    trace    text   not null,
    previous text   not null,
    hash     text   not null
);

create table journal_lines (
    number      bigint not null,
    line        bigint not null,
    account     text   collate "C" not null,
    currency    text   collate "C" not null,
    minor_units bigint not null,
    primary key (number, line)
);
create index journal_lines_by_account on journal_lines (account, currency, number, minor_units);

-- The few rows that every commit rewrites leave room on their pages.
create table house_balances (
    account     text   collate "C" not null,
    currency    text   collate "C" not null,
    minor_units bigint not null,
    primary key (account, currency)
) with (fillfactor = 20);

create table outbox (
    number bigint primary key,
    event  text   not null,
    at     bigint not null
);

create table answered_requests (
    request     text   collate "C" primary key,
    fingerprint text   not null,
    answer      text   not null,
    at          bigint not null
);

create table claims (
    kind  text collate "C" not null,
    value text collate "C" not null,
    owner text collate "C" not null,
    primary key (kind, value)
);
create index claims_by_owner on claims (owner);

create table blind_index (
    kind     text collate "C" not null,
    token    text collate "C" not null,
    customer text collate "C" not null,
    primary key (kind, token, customer)
);
create index blind_index_by_customer on blind_index (customer);

create table data_keys (
    customer text collate "C" primary key,
    wrapped  text not null
);

create table vault (
    customer text collate "C" not null,
    field    text collate "C" not null,
    sealed   text not null,
    primary key (customer, field)
);

create table listings (
    kind     text collate "C" not null,
    id       text collate "C" not null,
    customer text collate "C" not null,
    state    text collate "C" not null,
    primary key (kind, id)
);
create index listings_by_state on listings (kind, state, id);
create index listings_by_customer on listings (customer, kind, id);

create table consumer_offsets (
    consumer text   collate "C" not null,
    shard    bigint not null,
    next     bigint not null,
    primary key (consumer, shard)
) with (fillfactor = 20);

-- One row: where the journal's chain and the outbox stand. Whoever commits locks it first, so that processes take turns.
create table heads (
    single boolean primary key default true check (single),
    number bigint  not null,
    hash   text    not null,
    outbox bigint  not null
) with (fillfactor = 20);
insert into heads (number, hash, outbox) values (0, repeat('0', 64), 0);

-- The last group that each process committed: tells, after a connection was lost, whether its commit took effect.
create table writers (
    writer     text        collate "C" primary key,
    last_group bigint      not null,
    at         timestamptz not null default now()
) with (fillfactor = 20);
