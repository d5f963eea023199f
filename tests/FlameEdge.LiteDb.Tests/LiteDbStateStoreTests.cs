using System.Buffers;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.LiteDb.Tests;

public sealed class LiteDbStateStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_was_committed_is_there_after_reopening()
    {
        await using (var store = Open())
        {
            await store.CommitAsync([Put("rounds", "1", """{"a":1}"""), Put("rounds", "2", "{}"), Put("jobs", "j", "{}")], default);
            await store.CommitAsync([new StateChange("rounds", "2", null)], default);
        }

        await using var again = Open();
        Assert.Equal("""{"a":1}""", Encoding.UTF8.GetString((await again.ReadAsync("rounds", "1", default))!));
        Assert.Null(await again.ReadAsync("rounds", "2", default));
        Assert.Equal(["1"], (await again.ListAsync("rounds", default)).Select(pair => pair.Key));
    }

    [Fact]
    public async Task What_an_interrupted_write_left_is_swept()
    {
        await using (var store = Open())
        {
            await store.CommitAsync([Put("rounds", "1", "{}") with { IsManifest = true }], default);
        }

        var leftover = Directory.EnumerateFiles(folder.Path, "1.json", SearchOption.AllDirectories).Single() + ".4711.tmp";
        File.WriteAllText(leftover, "{");

        await using var again = Open();
        Assert.False(File.Exists(leftover));
    }

    [Fact]
    public async Task Eight_writers_at_once_lose_nothing()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    await store.CommitAsync([Put($"c{writer}", $"{i}", "{}")], default);
                }
            })));
        }

        await using var again = Open();
        for (var writer = 0; writer < 8; writer++)
        {
            Assert.Equal(20, (await again.ListAsync($"c{writer}", default)).Count);
        }
    }

    [Fact]
    public async Task A_second_process_is_told_who_holds_the_folder()
    {
        await using var store = Open();

        var error = Assert.Throws<StateException>(() => Open());

        Assert.Contains(folder.Path, error.Message);
        Assert.Contains("--out", error.Message);
    }

    [Fact]
    public async Task A_broken_database_is_set_aside_and_rebuilt_from_its_manifests()
    {
        await using (var store = Open())
        {
            await store.CommitAsync([Put("checkpoints", "job/7", """{"round":7}""", isManifest: true), Put("outbox", "x", "{}")], default);
        }

        File.WriteAllBytes(folder["state.db"], [.. Enumerable.Range(0, 30000).Select(i => (byte)(i * 31))]);

        await using var again = Open();
        Assert.Equal("""{"round":7}""", Encoding.UTF8.GetString((await again.ReadAsync("checkpoints", "job/7", default))!));
        Assert.Null(await again.ReadAsync("outbox", "x", default));
        Assert.True(File.Exists(folder["state.db.broken-1"]));
        await again.CommitAsync([Put("outbox", "y", "{}")], default);
    }

    [Fact]
    public async Task Every_byte_flipped_in_a_sample_opens_with_true_data_or_a_named_error()
    {
        await using (var store = Open())
        {
            await store.CommitAsync([Put("checkpoints", "1", """{"round":1}""", isManifest: true)], default);
        }

        var good = File.ReadAllBytes(folder["state.db"]);
        for (var position = 0; position < good.Length; position += 97)
        {
            var bad = (byte[])good.Clone();
            bad[position] ^= 0x5A;
            File.WriteAllBytes(folder["state.db"], bad);
            try
            {
                await using var again = Open();
                var document = await again.ReadAsync("checkpoints", "1", default);
                Assert.Equal("""{"round":1}""", Encoding.UTF8.GetString(document!));
            }
            catch (StateException)
            {
                // A named error is an honest answer.
            }

            foreach (var aside in Directory.GetFiles(folder.Path, "*.broken-*"))
            {
                File.Delete(aside);
            }
        }
    }

    [Fact]
    public async Task Blobs_are_named_by_content_and_checked_when_read()
    {
        await using var store = Open();

        var blobs = store.BlobsOf(new WorkerId("trainer_0"));
        var name = await blobs.PutAsync(new ReadOnlySequence<byte>("hello"u8.ToArray()), default);

        Assert.Equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", name);
        Assert.Equal("hello"u8.ToArray(), await blobs.ReadAsync(name, default));
        File.WriteAllText(folder["blobs", "trainer_0", name], "hellO");
        Assert.Null(await blobs.ReadAsync(name, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await blobs.ReadAsync("../../etc/passwd", default));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_one_clear_line()
    {
        File.WriteAllText(folder["file"], "in the way");

        var error = Assert.Throws<StateException>(() => LiteDbStateStore.Open(folder["file"], NullLogger.Instance));

        Assert.Contains(folder["file"], error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private LiteDbStateStore Open() => LiteDbStateStore.Open(folder.Path, NullLogger.Instance);

    private static StateChange Put(string collection, string key, string json, bool isManifest = false) =>
        new(collection, key, Encoding.UTF8.GetBytes(json), isManifest);
}
