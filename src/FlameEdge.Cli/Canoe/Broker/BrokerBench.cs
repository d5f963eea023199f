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

    /// <summary>Workloads that can be played in lockstep: one site's world changes, and packets are honest.</summary>
    public static IReadOnlyList<string> Workloads { get; } = ["W1", "W1b", "W2", "W3", "W6"];

    /// <summary>Plays a stored stream of so many batches; what it cost, and whether it decided as <paramref name="expected"/>, the same seed in memory.</summary>
    public async Task<BrokerFigures> PlayAsync(string dataset, string workload, SeedFigures expected, string stream, int batches, float aloneRate, int sites, CancellationToken cancellationToken)
    {
        var place = Path.Combine(folder, $"{dataset}-{workload}-s{expected.Seed}-{batches}");
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
              scoreEvery: 1
            """);
        string[] workers = ["directory_0", .. Enumerable.Range(0, sites).Select(site => $"site_{site}")];
        var bytes = await CountAsync(job, place, workers, cancellationToken);
        var story = CanoeStory.Read(Path.Combine(place, "site_0"));
        return new BrokerFigures(dataset, workload, expected.Seed, bytes, story.Curve("site_0").Accuracies.SequenceEqual(expected.Method.Take(batches)), batches, sites);
    }

    /// <summary>Ten rounds of federated averaging of a network of the same size: 100 batches with an average after every ten.</summary>
    /// <param name="layers">Widths of the network.</param>
    /// <param name="codec">The channel's codec as a job writes it; null for whole models in float.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BrokerBytes> FederateAsync(IReadOnlyList<int> layers, string? codec, CancellationToken cancellationToken)
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
        return await CountAsync(job, place, ["aggregator_0", .. Enumerable.Range(0, Trainers).Select(trainer => $"trainer_{trainer}")], cancellationToken);
    }

    private async Task<BrokerBytes> CountAsync(string job, string place, IReadOnlyList<string> workers, CancellationToken cancellationToken)
    {
        await using var own = broker is null ? await EmbeddedBroker.StartAsync(new()) : null;
        await using var relay = BrokerRelay.Start(broker ?? own!.Uri);
        await BrokerJob.RunAsync(job, relay.Uri, place, workers, cancellationToken);
        return BrokerBytes.Of(relay.Bytes);
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
internal sealed record BrokerFigures(string Dataset, string Workload, int Seed, BrokerBytes Bytes, bool IsAsInMemory, int Batches, int Sites);
