using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing.Channels;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>A sender learns how slow its receivers are, so that a crowd is not told everything twice.</summary>
public sealed class PatienceTests
{
    private static readonly TransferOptions Options = new() { RepeatAfter = TimeSpan.FromMilliseconds(100) };
    private readonly FakeTimeProvider time = new();
    private readonly List<Outbound> posted = [];
    private readonly Fleet fleet = new(10);
    private readonly Outbox outbox;
    private ulong count;

    public PatienceTests() => outbox = new Outbox(fleet.AggregatorEnd(), Options, time, posted.Add, static () => { });

    [Fact]
    public void Answers_that_came_after_a_reminder_teach_patience_too()
    {
        var first = Begin(10);
        Pass(TimeSpan.FromSeconds(1));
        AnswerAll(first);
        var reminded = posted.Count;

        var second = Begin(10);
        Pass(TimeSpan.FromSeconds(1));
        AnswerAll(second);

        Assert.InRange(reminded, 2, 10);
        Assert.Equal(reminded + 1, posted.Count);
    }

    [Fact]
    public void Quick_answers_to_small_messages_do_not_unteach_it()
    {
        AnswerAllAfter(Begin(10), TimeSpan.FromSeconds(1));
        for (var verdict = 0; verdict < 100; verdict++)
        {
            AnswerAllAfter(Begin(1), TimeSpan.FromMilliseconds(1));
        }

        posted.Clear();
        AnswerAllAfter(Begin(10), TimeSpan.FromSeconds(1));

        Assert.Single(posted);
    }

    [Fact]
    public void Where_few_lag_only_they_are_told_again()
    {
        var message = Begin(10);
        for (var index = 0; index < 8; index++)
        {
            Answer(message, index);
        }

        Pass(TimeSpan.FromMilliseconds(150));

        Assert.Equal([null, Fleet.Trainer(8), Fleet.Trainer(9)], posted.Select(packet => packet.To));
    }

    private Outgoing Begin(int trainers)
    {
        var peers = Enumerable.Range(0, trainers).Select(index => new Peer(Fleet.Trainer(index), 1, new PeerCard(0)));
        var content = new Message { Kind = MessageKind.Model, Head = new byte[10] };
        var message = new Outgoing(++count, content, 0, 1000, peers, isBroadcast: trainers > 1, trainers, outbox.RepeatAfter, Options, time);
        outbox.Begin(message);
        return message;
    }

    private void Pass(TimeSpan span)
    {
        for (var end = time.GetUtcNow() + span; time.GetUtcNow() < end; outbox.Tick())
        {
            time.Advance(TimeSpan.FromMilliseconds(50));
        }
    }

    private void AnswerAllAfter(Outgoing message, TimeSpan span)
    {
        Pass(span);
        AnswerAll(message);
    }

    private void AnswerAll(Outgoing message)
    {
        for (var index = 0; index < message.Targets.Count; index++)
        {
            Answer(message, index);
        }
    }

    private void Answer(Outgoing message, int index) =>
        outbox.Answered(Fleet.Trainer(index), new PacketHeader { Kind = PacketKind.Receipt, Incarnation = 1, MessageId = message.Id }, []);
}
