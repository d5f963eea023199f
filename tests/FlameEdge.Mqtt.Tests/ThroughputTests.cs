using System.Buffers;
using System.Diagnostics;
using FlameEdge.Channels;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Figures for people, on loopback; run with <c>-explicit only</c>.</summary>
public sealed class ThroughputTests(ITestOutputHelper output)
{
    private const int Megabytes = 40;
    private const int Repetitions = 5;

    [Fact(Explicit = true)]
    public async Task Embedded_broker()
    {
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());
        await MeasureAsync("embedded", broker.Port);
    }

    [Fact(Explicit = true)]
    public async Task Mosquitto_broker()
    {
        await using var broker = await Mosquitto.StartAsync();
        await MeasureAsync("mosquitto", broker.Port);
    }

    private async Task MeasureAsync(string name, int port)
    {
        const int Trainers = 4;
        var fleet = new Fleet(Trainers);
        var options = new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{port}") };
        await using var hub = await MqttSession.ConnectAsync(options, fleet.AggregatorAgent);
        await using var aggregator = new Reader(await new MqttChannelBackend(hub).OpenAsync(fleet.AggregatorEnd(), CancellationToken.None));
        List<MqttSession> sessions = [];
        List<Reader> trainers = [];
        for (var index = 0; index < Trainers; index++)
        {
            var session = await MqttSession.ConnectAsync(options, fleet.TrainerAgent(index));
            sessions.Add(session);
            trainers.Add(new Reader(await new MqttChannelBackend(session).OpenAsync(fleet.TrainerEnd(index), CancellationToken.None)));
        }

        await Task.WhenAll(trainers.Append(aggregator).Select(reader => reader.Channel.JoinAsync(new PeerCard(0), CancellationToken.None)));
        using (var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5), TimeProvider.System))
        {
            while (aggregator.Channel.Peers.Count < Trainers || trainers.Exists(trainer => trainer.Channel.Peers.Count == 0))
            {
                await poll.WaitForNextTickAsync();
            }
        }

        var body = new byte[Megabytes * 1_000_000];
        new Random(1).NextBytes(body);
        await ReportAsync($"{name}: send to one", 1, round => trainers[0].Channel.SendAsync(Fleet.Aggregator, MessageOf(body, round), CancellationToken.None));
        await ReportAsync($"{name}: broadcast to 4", Trainers, round => aggregator.Channel.BroadcastAsync(MessageOf(body, round), Trainers, CancellationToken.None));
        await ReportAsync($"{name}: upload from 4", Trainers, round => Task.WhenAll(trainers.Select(trainer => trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(body, round), CancellationToken.None))));
        foreach (var trainer in trainers)
        {
            await trainer.DisposeAsync();
        }

        foreach (var session in sessions)
        {
            await session.DisposeAsync();
        }
    }

    private static Message MessageOf(byte[] body, int round) => new() { Kind = MessageKind.Update, Round = round, Body = new ReadOnlySequence<byte>(body) };

    private async Task ReportAsync(string what, int copies, Func<int, Task> action)
    {
        await action(0);
        List<double> rates = [];
        for (var round = 1; round <= Repetitions; round++)
        {
            var watch = Stopwatch.StartNew();
            await action(round).WaitAsync(TimeSpan.FromMinutes(1));
            rates.Add(Megabytes / watch.Elapsed.TotalSeconds);
        }

        var line = $"{what}: {Megabytes} MB at {rates.Max():0} MB/s best, {rates.Order().ElementAt(Repetitions / 2):0} median, {rates.Max() * copies:0} delivered";
        output.WriteLine(line);
        Console.WriteLine(line);
    }

    private sealed class Reader : IAsyncDisposable
    {
        private readonly Task reading;

        public Reader(IChannel channel)
        {
            Channel = channel;
            reading = ReadAsync();
        }

        public IChannel Channel { get; }

        public async ValueTask DisposeAsync()
        {
            await Channel.DisposeAsync();
            await reading;
        }

        private async Task ReadAsync()
        {
            await foreach (var happened in Channel.ReceiveAsync(CancellationToken.None))
            {
                (happened as IDisposable)?.Dispose();
            }
        }
    }
}
