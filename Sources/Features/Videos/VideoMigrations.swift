public import Database

/// The tables of Videos: migrations 200 to 299.
public enum VideoMigrations {
    public static let all: [Migration] = [
        Migration(
            number: 200, name: "videos",
            sql: """
                create table videos (
                    id text primary key,
                    owner_id text not null references users (id) on delete cascade,
                    title text not null,
                    description text not null,
                    privacy text not null,
                    password_hash text,
                    status text not null,
                    progress double precision not null default 0,
                    failure text,
                    is_playable boolean not null default false,
                    duration_ms bigint not null default 0,
                    width bigint not null default 0,
                    height bigint not null default 0,
                    filename text not null,
                    size_bytes bigint not null,
                    has_thumbnail boolean not null default false,
                    storyboard text,
                    view_count bigint not null default 0,
                    like_count bigint not null default 0,
                    comment_count bigint not null default 0,
                    hot_rank bigint not null default 0,
                    mix_rank bigint not null default 0,
                    created_at bigint not null,
                    published_at bigint
                );
                create index videos_by_owner on videos (owner_id, created_at desc, id desc);
                create index videos_new on videos (published_at desc, id desc)
                    where privacy = 'public' and is_playable;
                create index videos_hot on videos (hot_rank desc, id desc)
                    where privacy = 'public' and is_playable;
                create index videos_mix on videos (mix_rank desc, id desc)
                    where privacy = 'public' and is_playable;
                create table uploads (
                    id text primary key,
                    owner_id text not null references users (id) on delete cascade,
                    video_id text not null references videos (id) on delete cascade,
                    size_bytes bigint not null,
                    offset_bytes bigint not null default 0,
                    metadata text not null default '',
                    created_at bigint not null,
                    expires_at bigint not null,
                    completed_at bigint
                );
                create index uploads_by_video on uploads (video_id);
                create index uploads_by_expiry on uploads (expires_at);
                create table renditions (
                    video_id text not null references videos (id) on delete cascade,
                    name text not null,
                    kind text not null,
                    width bigint not null,
                    height bigint not null,
                    bit_rate bigint not null,
                    frame_rate double precision not null,
                    codecs text not null,
                    video_range text not null,
                    has_init boolean not null default false,
                    primary key (video_id, name)
                );
                create table segments (
                    video_id text not null,
                    rendition text not null,
                    number bigint not null,
                    duration_us bigint not null,
                    size_bytes bigint not null,
                    keyframe_offset bigint not null,
                    keyframe_bytes bigint not null,
                    primary key (video_id, rendition, number),
                    foreign key (video_id, rendition)
                        references renditions (video_id, name) on delete cascade
                );
                create table captions (
                    video_id text not null references videos (id) on delete cascade,
                    language text not null,
                    label text not null,
                    created_at bigint not null,
                    primary key (video_id, language)
                );
                create table chapters (
                    video_id text not null references videos (id) on delete cascade,
                    start_ms bigint not null,
                    title text not null,
                    primary key (video_id, start_ms)
                );
                create table follows (
                    follower_id text not null references users (id) on delete cascade,
                    followed_id text not null references users (id) on delete cascade,
                    created_at bigint not null,
                    primary key (follower_id, followed_id)
                );
                create index follows_by_followed on follows (followed_id);
                """)
    ]
}
