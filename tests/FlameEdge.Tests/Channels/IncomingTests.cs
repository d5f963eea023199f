using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing.Channels;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>Which chunks a receiver asks for, and how often.</summary>
public sealed class IncomingTests : IDisposable
{
    private const int Chunks = 40;
    private const int Window = 8;
    private readonly Incoming incoming;

    public IncomingTests()
    {
        var offer = new PacketHeader { Kind = PacketKind.Offer, MessageKind = MessageKind.Update, Incarnation = 1, MessageId = 5, BodyBytes = Chunks, ChunkBytes = 1, ChunkCount = Chunks };
        incoming = new Incoming(Fleet.Trainer(0), offer, [], isRepair: false, Window, new Fleet(1).AggregatorEnd(), new TransferOptions(), new FakeTimeProvider());
    }

    public void Dispose() => incoming.Dispose();

    [Fact]
    public void A_stream_that_does_not_stall_is_asked_for_by_its_end_alone()
    {
        Assert.Equal(Window, Asked(listed: []));

        Arrive(0, 6);

        Assert.Equal(6 + Window, Asked(listed: []));
    }

    [Fact]
    public void At_a_stall_all_that_is_missing_is_asked_for_and_afterwards_only_what_is_new()
    {
        Asked(listed: []);
        Arrive(0, 3);
        incoming.Stall();
        Assert.Equal(Window, Asked([3, 4, 5, 6, 7]));

        // What was asked for again comes bit by bit; the rest of it is under way.
        Arrive(3, 3);
        Assert.Equal(13, Asked([8, 9, 10, 11, 12]));

        incoming.Stall();
        Assert.Equal(13, Asked([6, 7, 8, 9, 10, 11, 12]));
    }

    [Fact]
    public void What_was_overtaken_after_a_stall_is_asked_for_again_without_another()
    {
        Asked(listed: []);
        incoming.Stall();
        Asked([0, 1, 2, 3, 4, 5, 6, 7]);

        // 1 and 2 are lost; 6 and 7 are under way.
        Arrive(0, 1);
        Arrive(3, 3);

        Assert.Equal(12, Asked([1, 2, 8, 9, 10, 11]));
    }

    [Fact]
    public void Every_chunk_is_asked_for_once_where_one_stall_is_all_there_is()
    {
        Request();
        incoming.Stall();
        var asked = Request().Listed;
        for (var i = 0; i < Chunks; i++)
        {
            incoming.Take(i, [1], Window);
            asked = incoming.Refill() ? [.. asked, .. Request().Listed] : asked;
        }

        Assert.True(incoming.IsComplete);
        Assert.Equal(Enumerable.Range(0, Chunks), asked);
    }

    private void Arrive(int first, int count)
    {
        foreach (var index in Enumerable.Range(first, count))
        {
            incoming.Take(index, [1], Window);
        }

        incoming.Refill();
    }

    private int Asked(int[] listed)
    {
        var request = Request();
        Assert.Equal(listed, request.Listed);
        return request.Credit;
    }

    private (int Credit, int[] Listed) Request()
    {
        List<int> listed = [];
        incoming.Refill();
        return (ChunkRequest.Read(incoming.ToRequest(), Chunks, listed.Add), [.. listed]);
    }
}
