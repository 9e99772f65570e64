public import Database

extension Jobs {
    /// The schema of the queue: numbers 10 to 19.
    public static let migrations = [
        Migration(
            number: 10, name: "jobs",
            sql: """
                create table jobs (
                    id text primary key,
                    kind text not null,
                    key text,
                    payload text not null,
                    checkpoint text,
                    state text not null,
                    priority bigint not null,
                    attempts bigint not null,
                    max_attempts bigint not null,
                    run_after bigint not null,
                    lease_owner text,
                    lease_until bigint,
                    cancel_requested bigint not null default 0,
                    progress double precision not null default 0,
                    detail text,
                    error text,
                    created_at bigint not null,
                    updated_at bigint not null);
                create unique index jobs_key on jobs (kind, key)
                    where state in ('queued', 'running');
                create index jobs_ready on jobs (kind, priority desc, run_after, id)
                    where state = 'queued';
                create index jobs_leased on jobs (lease_until) where state = 'running';
                create index jobs_ended on jobs (updated_at)
                    where state in ('done', 'failed', 'cancelled');
                """)
    ]
}
