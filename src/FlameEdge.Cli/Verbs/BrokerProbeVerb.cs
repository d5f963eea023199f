using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Mqtt.Probing;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>broker probe</c>: what a broker really does, measured, as a profile that sessions adapt to.</summary>
internal static class BrokerProbeVerb
{
    public static Command Create()
    {
        var url = new Argument<Uri?>("URL") { Description = "mqtt://host:port, or mqtts://host:port for TLS", CustomParser = RunOptionChecks.Broker };
        var file = new Option<string?>("--out") { Description = "file to write the profile to; standard output without it", HelpName = "FILE" };
        var name = new Option<string?>("--name") { Description = "as whom: an operator of the broker's access list, where it has one", HelpName = "NAME" };
        var verb = new Command("probe", "Find out what a broker does, in half a minute to two and a half and with up to some 50 MB, and write a profile that sessions adapt to.") { url, file, name };
        var broker = new BrokerArguments(verb, isArgument: true);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var findings = await BrokerProbe.RunAsync(broker.Read(parsed, parsed.GetValue(url)!), parsed.GetValue(name), cancellationToken); // An argument is required.
            if (parsed.GetValue(file) is { } path)
            {
                await File.WriteAllTextAsync(path, findings.ToJson(), cancellationToken);
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"the profile stands in {path}");
            }
            else
            {
                await parsed.InvocationConfiguration.Output.WriteAsync(findings.ToJson());
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
