using System.Globalization;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Mqtt;
using FlameEdge.Mqtt.Metering;

namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>Plays streams as jobs of separate processes over a broker, and counts every byte at its port.</summary>
/// <param name="broker">mqtt://host:port, or null for one within this process.</param>
/// <param name="folder">For job files, streams and what the workers write.</param>
/// <param name="data">Folder of the datasets' files.</param>
internal sealed class BrokerBench(Uri? broker, string folder, string? data)
{
    private const int FederatedRounds = 10;
    private const int RowsPerTrainer = 16;
    private const int Trainers = 5;

    // Slow enough to tell one batch from the next while a job runs.
    private const int CountedPerSecond = 20;

    /// <summary>Batches after the change over which bytes are compared: as many as ten rounds of federated averaging with E = 10.</summary>
    public const int ComparedBatches = 10 * FederatedRounds;

    // What a hop of a travelling class is worth: the batches before the class goes on.
    private const int HopBatches = 30;

    /// <summary>Plays a stored stream of so many batches; what it cost, and whether it decided as <paramref name="expected"/>, the same seed in memory.</summary>
    /// <param name="dataset">Of which data.</param>
    /// <param name="workload">Of what happens.</param>
    /// <param name="badPackets">Share of bad packets, as the stream's table has it; null for honest ones.</param>
    /// <param name="expected">The run in memory.</param>
    /// <param name="stream">The stored stream.</param>
    /// <param name="batches">Its length.</param>
    /// <param name="aloneRate">The step of a node that nobody helps.</param>
    /// <param name="sites">How many.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BrokerFigures> PlayAsync(string dataset, string workload, string? badPackets, SeedFigures expected, string stream, int batches, float aloneRate, int sites, CancellationToken cancellationToken)
    {
        var name = badPackets is null ? workload : $"{workload}-{badPackets}";
        var place = Path.Combine(folder, $"{dataset}-{name}-s{expected.Seed}-{batches}");
        var isCompared = Compared.Contains(workload) && batches >= ComparedBatches;
        var job = Write(place, $$"""
            job: canoe-bench
            seed: 1
            topology:
              roles:
                - { name: site, replica: {{sites}} }
                - { name: directory }
              channels:
                - { name: metadata, pair: [site, directory], funcTags: { site: [announce], directory: [collect] } }
                - { name: request, pair: [site, directory], funcTags: { site: [ask], directory: [rank] } }
                - { name: packet, pair: [site, site], funcTags: { site: [exchange] } }
            canoe:
              preset: {{PresetOf(dataset)}}
              aloneRate: {{aloneRate.ToString(CultureInfo.InvariantCulture)}}
              stream: {{Quoted(Path.GetFullPath(stream))}}
              streamData: {{Quoted(Path.GetFullPath(data ?? "."))}}
              lockstep: { delay: 1 }
              {{(badPackets is null ? "" : $"offers: '{badPackets}'")}}
              scoreEvery: 1
              batchesPerSecond: {{(isCompared ? CountedPerSecond : 0)}}
            """);
        string[] workers = ["directory_0", .. Enumerable.Range(0, sites).Select(site => $"site_{site}")];
        var bytes = await CountAsync(job, place, workers, (relay, over) => isCompared ? WireWindow.OfBatchesAsync(relay, Path.Combine(place, "site_0", "events.jsonl"), ComparedBatches, over) : Task.FromResult<BrokerBytes?>(null), cancellationToken);
        double[][] curves = [.. workers.Skip(1).Select(site => CanoeStory.Read(Path.Combine(place, site)).Curve(site).Accuracies.ToArray()).Where(curve => curve.Length > 0)];
        var accuracies = curves.Length == 1 ? curves[0] : curves.SelectMany((curve, hop) => curve.Skip(HopBatches * hop).Take(HopBatches));
        return new BrokerFigures(dataset, name, expected.Seed, bytes, accuracies.SequenceEqual(expected.Method.Take(batches)), batches, sites);
    }

    // The change comes with the first batch.
    private static IReadOnlyList<string> Compared { get; } = ["W1", "W1b"];

    /// <summary>Ten rounds of federated averaging of a network of the same size: 100 batches with an average after every ten.</summary>
    /// <param name="layers">Widths of the network.</param>
    /// <param name="codec">The channel's codec as a job writes it; null for whole models in float.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BrokerCount> FederateAsync(IReadOnlyList<int> layers, string? codec, CancellationToken cancellationToken)
    {
        var place = Path.Combine(folder, $"fedavg-{string.Join('-', layers)}{(codec is null ? "" : "-compressed")}");
        Directory.CreateDirectory(place);
        File.WriteAllLines(Path.Combine(place, "rows.csv"), Rows(layers[0], layers[^1]));
        var job = Write(place, $$"""
            job: fedavg-bench
            seed: 1
            topology:
              roles:
                - { name: trainer, isDataConsumer: true }
                - { name: aggregator }
              channels:
                - name: param
                  pair: [trainer, aggregator]
                  codec: {{codec ?? "float32"}}
            datasets:
              - name: rows
                path: rows.csv
                label: label
                partition: { kind: modulo, parts: {{Trainers}} }
            model: { kind: mlp, hidden: [{{string.Join(", ", layers.Skip(1).SkipLast(1))}}], input: [{{layers[0]}}], classes: {{layers[^1]}} }
            training: { learningRate: 0.01, epochs: 1, batchSize: {{RowsPerTrainer}} }
            rounds: { count: {{FederatedRounds}}, quorum: all }
            """);
        return await CountAsync(job, place, ["aggregator_0", .. Enumerable.Range(0, Trainers).Select(trainer => $"trainer_{trainer}")], WireWindow.OfModelsAsync, cancellationToken);
    }

    private async Task<BrokerCount> CountAsync(string job, string place, IReadOnlyList<string> workers, Func<BrokerRelay, CancellationToken, Task<BrokerBytes?>> compare, CancellationToken cancellationToken)
    {
        await using var own = broker is null ? await EmbeddedBroker.StartAsync(new()) : null;
        await using var relay = BrokerRelay.Start(broker ?? own!.Uri);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var comparing = compare(relay, over.Token);
        try
        {
            await BrokerJob.RunAsync(job, relay.Uri, place, workers, cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            await comparing;
        }

        return new BrokerCount(BrokerBytes.Of(relay.Bytes), await comparing);
    }

    private static string Write(string place, string job)
    {
        if (Directory.Exists(place) && Directory.EnumerateDirectories(place).Any())
        {
            throw new TopologyException($"{place} holds an earlier run over a broker: remove it, or choose another folder with --out");
        }

        Directory.CreateDirectory(place);
        var path = Path.Combine(place, "job.yaml");
        File.WriteAllText(path, job);
        return path;
    }

    // What the rows say is of no matter: the bytes of a round are those of the network.
    private static IEnumerable<string> Rows(int features, int classes)
    {
        var random = new PortableRandom(1);
        yield return string.Join(',', [.. Enumerable.Range(0, features).Select(feature => $"x{feature}"), "label"]);
        for (var row = 0; row < Trainers * RowsPerTrainer; row++)
        {
            yield return string.Join(',', [.. Enumerable.Range(0, features).Select(_ => random.Normal().ToString("0.000", CultureInfo.InvariantCulture)), $"{row / Trainers % classes}"]);
        }
    }

    private static string PresetOf(string dataset) => dataset switch
    {
        "mnist" => "images",
        "wisdm-har" => "sensors",
        "beijing-air-bands" => "few-inputs",
        "beijing-air" => "broad-drift",
        _ => "common",
    };

    private static string Quoted(string path) => $"'{path.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>What a seed cost over a broker.</summary>
/// <param name="Dataset">Of which data.</param>
/// <param name="Workload">Of what happens.</param>
/// <param name="Seed">Of which seed.</param>
/// <param name="Bytes">Counted at the broker's port.</param>
/// <param name="IsAsInMemory">True where every accuracy is that of the run in memory, to the last bit.</param>
/// <param name="Batches">Batches of the workload.</param>
/// <param name="Sites">Sites that took part.</param>
internal sealed record BrokerFigures(string Dataset, string Workload, int Seed, BrokerCount Bytes, bool IsAsInMemory, int Batches, int Sites);

/// <summary>Bytes at a broker's port.</summary>
/// <param name="All">From the first connect to the last disconnect.</param>
/// <param name="Compared">Over <see cref="BrokerBench.ComparedBatches"/> batches from the change, or the rounds that are compared with them; null where they were not looked at.</param>
internal sealed record BrokerCount(BrokerBytes All, BrokerBytes? Compared);
