using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Tests.Channels;

/// <summary>What arrived of an upload outlives its receiver; a journal that does not fit is thrown away.</summary>
public sealed class AssemblyResumeTests : IDisposable
{
    private const int Chunk = 1000;
    private const int Length = 200 * Chunk;
    private readonly TemporaryFolder folder = new();
    private readonly Fleet fleet = new(1);
    private readonly byte[] content = new byte[Length];
    private readonly TransferOptions options;

    public AssemblyResumeTests()
    {
        new Random(7).NextBytes(content);
        options = new TransferOptions { ChunkBytes = Chunk, WindowBytes = 64 * Chunk, FileAboveBytes = 10 * Chunk, AssemblyFolder = folder.Path };
    }

    [Fact]
    public async Task An_upload_goes_on_where_a_killed_receiver_stood()
    {
        await LeavePartialAsync();

        Assert.InRange(await FinishAsync(), Chunk, 10 * Chunk);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Theory]
    [InlineData("torn record")]
    [InlineData("other head")]
    [InlineData("no such chunk")]
    [InlineData("a chunk twice")]
    [InlineData("endless")]
    [InlineData("body cut off")]
    [InlineData("body gone")]
    [InlineData("body damaged")]
    public async Task What_does_not_fit_is_sent_anew(string fault)
    {
        await LeavePartialAsync();
        var (body, journal) = (Directory.GetFiles(folder.Path, "*.body").Single(), Directory.GetFiles(folder.Path, "*.journal").Single());
        var bytes = File.ReadAllBytes(journal);
        switch (fault)
        {
            case "torn record":
                File.WriteAllBytes(journal, bytes[..^3]);
                break;
            case "other head":
                bytes[9] ^= 1;
                File.WriteAllBytes(journal, bytes);
                break;
            case "no such chunk":
                bytes[51] = 0x7F;
                File.WriteAllBytes(journal, bytes);
                break;
            case "a chunk twice":
                File.WriteAllBytes(journal, [.. bytes[..^8], .. bytes[48..56]]);
                break;
            case "endless":
                File.WriteAllBytes(journal, [.. bytes, .. new byte[8 * 1000]]);
                break;
            case "body cut off":
                File.WriteAllBytes(body, File.ReadAllBytes(body)[..^1]);
                break;
            case "body gone":
                File.Delete(body);
                break;
            default:
                var damaged = File.ReadAllBytes(body);
                damaged[5 * Chunk] ^= 1;
                File.WriteAllBytes(body, damaged);
                break;
        }

        Assert.InRange(await FinishAsync(), Length, 4 * Length);
    }

    [Fact]
    public async Task Partial_uploads_are_bounded_in_number_and_age()
    {
        for (var index = 0; index < 20; index++)
        {
            File.WriteAllBytes(Path.Combine(folder.Path, $"{index:x32}.body"), new byte[10]);
            File.SetLastWriteTimeUtc(Path.Combine(folder.Path, $"{index:x32}.body"), DateTime.UnixEpoch.AddYears(index < 3 ? 1 : 200));
        }

        await LeavePartialAsync();

        Assert.InRange(Directory.GetFiles(folder.Path, "*.body").Length, 16, 17);
        Assert.DoesNotContain(Directory.GetFiles(folder.Path), file => File.GetLastWriteTimeUtc(file).Year < 2000);
    }

    public void Dispose() => folder.Dispose();

    // All but the last chunk arrives; then the receiver is gone without a word, as after a kill.
    private async Task LeavePartialAsync()
    {
        var network = new LossyNetwork(1, 0, 0, 0);
        network.Join(fleet.AggregatorEnd(), options);
        await using var trainer = network.Join(fleet.TrainerEnd(0), options);
        network.MeetAll();
        var sending = trainer.Channel.SendAsync(Fleet.Aggregator, Message() with { Until = new TaskCompletionSource().Task }, CancellationToken.None);
        for (var pass = 0; pass < 100 && new FileInfo(Directory.GetFiles(folder.Path, "*.journal").FirstOrDefault("none")) is var journal && (!journal.Exists || journal.Length < 48 + (8 * 199)); pass++)
        {
            await network.RunAsync(network.PassAsync(TimeSpan.FromMilliseconds(500)));
        }

        Assert.False(sending.IsCompleted);
    }

    // Another run of both ends; returns the bytes its sender needed.
    private async Task<long> FinishAsync()
    {
        await using var network = new LossyNetwork(2, 0, 0, 0);
        await using var aggregator = network.Join(fleet.AggregatorEnd(incarnation: 2), options);
        await using var trainer = network.Join(fleet.TrainerEnd(0, incarnation: 2), options);
        network.MeetAll();
        await network.RunAsync(trainer.Channel.SendAsync(Fleet.Aggregator, Message(), CancellationToken.None));
        await aggregator.ReceivesAsync(1);
        Assert.Equal(content, aggregator.Messages.Single().Body);
        return network.BytesFrom(Fleet.Trainer(0));
    }

    private Message Message() => new() { Kind = MessageKind.Update, Round = 1, Head = new byte[] { 1, 2, 3 }, Body = new ReadOnlySequence<byte>(content) };
}
