using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>A folder with a sound small job in it, for a test to spoil one thing.</summary>
internal sealed class Bench : IDisposable
{
    /// <summary>Two machines that learn in memory: sound, and over in well under a second.</summary>
    public const string SoundJob = """
        job: bad input
        seed: 1
        backend: memory
        topology:
          roles: [{ name: trainer, isDataConsumer: true }, { name: aggregator }]
          channels: [{ name: param, pair: [trainer, aggregator] }]
        datasets:
          - { name: machines, format: vibration, devices: [press, lathe], generator: { sites: 2, windows: 40 }, standardize: pooled }
          - { name: test, format: vibration, generator: { sites: 2, windows: 20, site: -1, test: 1 }, standardize: { like: machines } }
        evaluation: test
        model: { kind: softmax }
        rounds: { count: 2, deadline: 10s, patience: 10s }

        """;

    /// <summary>The same over a source that stands in a file.</summary>
    public const string FileJob = """
        job: bad input
        backend: memory
        topology:
          roles: [{ name: trainer, isDataConsumer: true, datasets: [own] }, { name: aggregator }]
          channels: [{ name: param, pair: [trainer, aggregator] }]
        datasets:
          - { name: own, SOURCE }
        evaluation: own
        model: MODEL
        rounds: { count: 1, deadline: 10s, patience: 10s }

        """;

    private readonly TemporaryFolder folder = new();

    public Bench() => Write("job.yaml", SoundJob);

    public string this[string name] => folder[name];

    /// <summary>The folder a run writes to.</summary>
    public string Out => folder["out"];

    public void Dispose() => folder.Dispose();

    public void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public void Write(string name, byte[] bytes) => File.WriteAllBytes(folder[name], bytes);

    /// <summary>Makes the job learn from a file.</summary>
    public void UseSource(string source, string model = "{ kind: softmax }") =>
        Write("job.yaml", FileJob.Replace("SOURCE", source, StringComparison.Ordinal).Replace("MODEL", model, StringComparison.Ordinal));

    /// <summary>Rows of three columns, two classes.</summary>
    public static string Csv(int rows = 40) => "a,b,y\n" + string.Concat(Enumerable.Range(0, rows).Select(row => $"{row % 7},{row % 5},{row % 2}\n"));

    public static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    /// <summary>An IDX file of zeros.</summary>
    public static byte[] Idx(params int[] dimensions)
    {
        var header = 4 + (4 * dimensions.Length);
        var file = new byte[header + dimensions.Aggregate((product, size) => product * size)];
        file[2] = 8;
        file[3] = (byte)dimensions.Length;
        foreach (var (i, dimension) in dimensions.Index())
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), dimension);
        }

        return file;
    }
}
