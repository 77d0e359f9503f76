-- Everything lending keeps. A migration only adds; what is no longer read is dropped a release later.
create table stream_events (
    stream  text    not null,
    version integer not null,
    body    text    not null,
    at      integer not null,
    trace   text    not null,
    primary key (stream, version)
) without rowid;

create table journal (
    number   integer primary key,
    entry_id text    not null unique,
    entry    text    not null,
    trace    text    not null,
    previous text    not null,
    hash     text    not null
);

create table journal_lines (
    number      integer not null,
    line        integer not null,
    account     text    not null,
    currency    text    not null,
    minor_units integer not null,
    primary key (number, line)
) without rowid;
create index journal_lines_by_account on journal_lines (account, currency, number, minor_units);

create table house_balances (
    account     text    not null,
    currency    text    not null,
    minor_units integer not null,
    primary key (account, currency)
) without rowid;

-- A published row is deleted; autoincrement keeps its number from coming back.
create table outbox (
    number integer primary key autoincrement,
    event  text    not null,
    at     integer not null
);

create table answered_requests (
    request     text not null primary key,
    fingerprint text not null,
    answer      text not null,
    at          integer not null
) without rowid;

create table claims (
    kind  text not null,
    value text not null,
    owner text not null,
    primary key (kind, value)
) without rowid;

create table blind_index (
    kind     text not null,
    token    text not null,
    customer text not null,
    primary key (kind, token, customer)
) without rowid;
create index blind_index_by_customer on blind_index (customer);

create table data_keys (
    customer text not null primary key,
    wrapped  text not null
) without rowid;

create table vault (
    customer text not null,
    field    text not null,
    sealed   text not null,
    primary key (customer, field)
) without rowid;

create table listings (
    kind     text not null,
    id       text not null,
    customer text not null,
    state    text not null,
    primary key (kind, id)
) without rowid;
create index listings_by_state on listings (kind, state, id);
create index listings_by_customer on listings (customer, kind, id);

create table consumer_offsets (
    consumer text    not null,
    shard    integer not null,
    next     integer not null,
    primary key (consumer, shard)
) without rowid;
