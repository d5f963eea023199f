using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Channels keep the contract over a real mosquitto.</summary>
[Collection(nameof(BrokerContract))]
public sealed class MosquittoChannelTests : BrokerContract
{
    [Fact]
    public async Task Another_broker_at_the_same_address_is_sent_what_is_missing_alone()
    {
        const int Senders = 3;
        const int Bytes = 4_000_000;
        var folder = Directory.CreateTempSubdirectory("flameedge-assembly-");
        World.Configure = options =>
        {
            options.Transfer.AssemblyFolder = folder.FullName;
            (options.Transfer.ChunkBytes, options.Transfer.WindowBytes, options.Transfer.BulkConcurrency) = (64 * 1024, 512 * 1024, 2);
            options.Transfer.StallAfter = TimeSpan.FromSeconds(3); // What a busy machine asks for twice was not lost with the broker; a request that was may cost three stalls, each twice as long.
        };
        var (aggregator, trainers) = await SitAsync(new Fleet(Senders), Senders);
        var bodies = Enumerable.Range(0, Senders).Select(seed => Random(Bytes, seed)).ToList();
        var sends = trainers.Select((trainer, index) => trainer.Channel.SendAsync(Fleet.Aggregator, new Message { Kind = MessageKind.Update, Round = index, Body = new ReadOnlySequence<byte>(bodies[index]) }, CancellationToken.None)).ToList();
        await UntilMovingAsync(aggregator);

        // The one that comes knows nobody: no session, no subscription, no packet.
        await World.Broker.RestartAsync(keepsData: false);

        await Task.WhenAll(sends).WaitAsync(Seat.Bound);
        await aggregator.ReceivesAsync(Senders);
        Assert.All(bodies, (body, index) => Assert.Equal(body, Assert.Single(aggregator.Messages, message => message.Round == index).Body));

        // Lost with the broker: the window it was carrying, and what each sender was about to give it. On top come headers, and answers. To begin anew would cost the two million bytes that had come, and this as well.
        var sent = trainers.Sum(trainer => ((IMeteredChannel)trainer.Channel).Traffic.Sent);
        Assert.InRange(sent - (Senders * Bytes), 0, 1_900_000);
        folder.Delete(recursive: true);
    }

    private protected override async Task<ITestBroker> StartBrokerAsync() => new MosquittoTestBroker(await Mosquitto.StartAsync(isPersistent: true));

    private static byte[] Random(int bytes, int seed)
    {
        var body = new byte[bytes];
        new Random(seed).NextBytes(body);
        return body;
    }
}
