-- Items that cannot be handled now, set aside so that the rest goes on.
create table parked (
    kind     text   collate "C" not null,
    id       text   collate "C" not null,
    cause    text   not null,
    retry    text   not null,
    detail   text,
    first_at bigint not null,
    last_at  bigint not null,
    attempts bigint not null,
    primary key (kind, id)
);
create index parked_by_retry on parked (retry, last_at);

-- An answer is the bytes that were given, under the status they were given with, and it has an end.
alter table answered_requests add column status bigint;
create index answered_requests_by_age on answered_requests (at);
