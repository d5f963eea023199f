using System.Text.Json;
using FlameEdge.Mqtt;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.Fleet;

/// <summary>A broker, a controller and an agent within this process, started by the command lines that people write.</summary>
public sealed class LiveFleet : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly StringWriter said = new();
    private EmbeddedBroker? broker;
    private Task running = Task.CompletedTask;

    /// <summary>The broker's address.</summary>
    public string Url => broker!.Uri.ToString(); // not null: started before any test

    /// <summary>What the controller and the agent have said.</summary>
    public string Said => said.ToString();

    public async ValueTask InitializeAsync()
    {
        broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());
        File.WriteAllText(folder["rows.csv"], "x,y,label\n" + string.Concat(Enumerable.Range(0, 40).Select(row => $"{row % 7},{row % 5},{row % 2}\n")));
        Directory.CreateDirectory(folder["data"]);
        var talk = TextWriter.Synchronized(said);
        running = Task.WhenAll(
            FlameEdgeHost.RunAsync(["controller", "--broker", Url, "--state", folder["controller"]], null, null, talk, talk, stopping.Token),
            AgentHost.RunAsync(["serve", "--name", "edge-1", "--broker", Url, "--state", folder["agent"], "--data", folder["data"]], null, null, talk, talk, stopping.Token));
        await UntilAsync(async () => (await AskAsync("fleet", "list", "--format", "json")) is { Code: 0 } list && list.Output.Contains("\"ready\"", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        await broker!.DisposeAsync(); // not null: started before any test
        stopping.Dispose();
        await said.DisposeAsync();
        folder.Dispose();
    }

    /// <summary>A file or folder of the test's own.</summary>
    public string PathOf(string name) => folder[name];

    /// <summary>The file of a job of one trainer and one aggregator, both here.</summary>
    public string JobFile(string name, int rounds, string needs = "{}", string more = "")
    {
        var path = folder[$"{name}.yaml"];
        File.WriteAllText(path, $$"""
            job: {{name}}
            topology:
              roles:
                - { name: trainer, isDataConsumer: true }
                - { name: aggregator, needs: {{needs}} }
              channels:
                - { name: param, pair: [trainer, aggregator] }
            datasets:
              - { name: {{name}}-rows, path: rows.csv, label: label }
            model: { kind: softmax, input: [2], classes: 2 }
            rounds: { count: {{rounds}} }
            {{more}}
            """.ReplaceLineEndings("\n"));
        return path;
    }

    /// <summary>Runs a verb of the tool against the broker.</summary>
    public Task<Outcome> AskAsync(params string[] args) => Outcome.OfAsync([.. args, "--broker", Url]);

    /// <summary>The same for a verb that stays: it is interrupted when it has written <paramref name="awaited"/>.</summary>
    public async Task<Outcome> AskUntilAsync(string awaited, params string[] args)
    {
        using var interrupt = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var (seen, told) = (TextWriter.Synchronized(output), TextWriter.Synchronized(error));
        var asking = FlameEdgeHost.RunAsync([.. args, "--broker", Url], null, null, seen, told, interrupt.Token);
        await UntilAsync(async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            lock (seen)
            {
                // A synchronized writer locks itself.
                return asking.IsCompleted || output.ToString().Contains(awaited, StringComparison.Ordinal);
            }
        });
        await interrupt.CancelAsync();
        return new(await asking, output.ToString(), error.ToString());
    }

    /// <summary>Waits until a job is in a state, and says what it said last where it never comes.</summary>
    public async Task<JsonElement> StateAsync(string job, string state)
    {
        var last = new Outcome(0, "", "");
        try
        {
            await UntilAsync(async () => (last = await AskAsync("job", "show", job, "--format", "json")).Code == 0 && Json(last).GetProperty("state").GetString() == state);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{job} does not come to {state}: {last.Output}{last.Error}\n{Said}");
        }

        return Json(last);
    }

    /// <summary>The output as JSON; it is nothing else.</summary>
    public static JsonElement Json(Outcome outcome) => JsonDocument.Parse(outcome.Output).RootElement;

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
        {
            if (bound.IsCancellationRequested)
            {
                throw new TimeoutException();
            }
        }
    }
}
