using System.Text;

namespace FlameEdge.Cli.Tests;

/// <summary>Runs a command line in this process, in a folder of its own.</summary>
public abstract class Tool : IDisposable
{
    protected const string SoundJob = """
        job: two-tiers
        parameters: { data: ../shared }
        topology:
          roles:
            - name: trainer
              isDataConsumer: true
            - name: aggregator
          channels:
            - name: param
              pair: [trainer, aggregator]
        datasets:
          - name: digits
            path: ${data}/digits.csv.gz
            label: label
            partition: { kind: modulo, parts: 3 }
        rounds: { count: 2, deadline: 5s }
        """;

    protected string Folder { get; } = Directory.CreateTempSubdirectory("flame-edge-").FullName;

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        // Half a character becomes a replacement character, as in any text that was cut.
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")));
        return path;
    }

    protected static async Task<(int Exit, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await FlameEdgeHost.RunAsync(args, roles: null, engines: null, output, error, TestContext.Current.CancellationToken);
        return (exit, output.ToString(), error.ToString());
    }
}
