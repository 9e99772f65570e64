// VideosTests
