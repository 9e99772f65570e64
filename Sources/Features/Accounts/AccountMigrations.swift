public import Database

/// The tables of Accounts: migrations 100 to 199.
public enum AccountMigrations {
    public static let all: [Migration] = [
        Migration(
            number: 100, name: "accounts",
            sql: """
                create table users (
                    id text primary key,
                    username text not null unique,
                    email text unique,
                    display_name text not null,
                    colour text not null,
                    password_hash text not null,
                    role text not null,
                    created_at bigint not null,
                    disabled_at bigint
                );
                create table sessions (
                    id text primary key,
                    user_id text not null references users (id) on delete cascade,
                    created_at bigint not null,
                    expires_at bigint not null,
                    revoked_at bigint
                );
                create index sessions_by_user on sessions (user_id);
                create index sessions_by_expiry on sessions (expires_at);
                create table refresh_tokens (
                    hash text primary key,
                    session_id text not null references sessions (id) on delete cascade,
                    created_at bigint not null,
                    expires_at bigint not null,
                    used_at bigint
                );
                create index refresh_tokens_by_session on refresh_tokens (session_id);
                create table secret_keys (
                    id text primary key,
                    purpose text not null,
                    secret text not null,
                    created_at bigint not null
                );
                create index secret_keys_by_purpose on secret_keys (purpose, created_at);
                create table setup_links (
                    hash text primary key,
                    created_at bigint not null
                );
                """)
    ]
}
