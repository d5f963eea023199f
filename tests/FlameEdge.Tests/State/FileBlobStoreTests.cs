using System.Buffers;
using System.Security.Cryptography;
using FlameEdge.Channels.Transfer;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Tests.State;

/// <summary>Blobs as files: what arrived in a file is taken over, everything else is written.</summary>
public sealed class FileBlobStoreTests : IDisposable
{
    // Three parts of a mapped body, the last of them short.
    private const int Length = (2 * 4 * 1024 * 1024) + 12_345;

    private readonly TemporaryFolder folder = new();
    private readonly byte[] content = new byte[Length];

    public FileBlobStoreTests() => new Random(3).NextBytes(content);

    private static CancellationToken Never => TestContext.Current.CancellationToken;

    private string Blobs => Path.Combine(folder.Path, "blobs");

    [Fact]
    public async Task An_assembled_body_becomes_the_blob_itself()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a mapped file cannot be renamed there");
        var store = new FileBlobStore(Blobs);
        using var assembly = Assemble();

        var name = await store.PutAsync(assembly.ToSequence(), Never);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), name);
        Assert.Equal(content, await store.ReadAsync(name, Never));

        // The same file, not a copy: what is written to one is read from the other.
        assembly.Write(0, [(byte)~content[0]]);
        Assert.Equal((byte)~content[0], File.ReadAllBytes(Path.Combine(Blobs, name))[0]);
    }

    [Fact]
    public async Task A_blob_outlives_the_assembly_it_came_from()
    {
        var store = new FileBlobStore(Blobs);
        string name;
        using (var assembly = Assemble())
        {
            name = await store.PutAsync(assembly.ToSequence(), Never);
            Assert.Equal(name, await store.PutAsync(assembly.ToSequence(), Never));
        }

        Assert.Equal(content, await store.ReadAsync(name, Never));
        Assert.Equal([name], await store.ListAsync(Never));
    }

    [Fact]
    public async Task A_part_of_an_assembled_body_is_stored_as_that_part()
    {
        var store = new FileBlobStore(Blobs);
        using var assembly = Assemble();

        var name = await store.PutAsync(assembly.ToSequence().Slice(7), Never);

        Assert.Equal(content[7..], await store.ReadAsync(name, Never));
    }

    [Fact]
    public async Task A_body_is_read_by_several_threads_at_once_while_its_pages_are_given_back()
    {
        using var assembly = Assemble();
        var body = assembly.ToSequence();

        var read = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => body.ToArray())));

        Assert.All(read, bytes => Assert.Equal(content, bytes));
    }

    public void Dispose() => folder.Dispose();

    private FileAssembly Assemble()
    {
        var offer = new PacketHeader { Kind = PacketKind.Offer, Incarnation = 1, MessageId = 1, BodyBytes = Length, ChunkBytes = 1_000_000, ChunkCount = 9 };
        var assembly = new FileAssembly(Path.Combine(folder.Path, "incoming"), new Fleet(1).AggregatorEnd(), Fleet.Trainer(0), offer, new ChunkMap(9));
        for (var offset = 0; offset < Length; offset += 1_000_000)
        {
            assembly.Write(offset, content.AsSpan(offset, Math.Min(1_000_000, Length - offset)));
        }

        return assembly;
    }
}
