using System.CommandLine;
using FlameEdge.Agent.Verbs;
using FlameEdge.Mqtt;

namespace FlameEdge.Cli.Verbs;

/// <summary>How a verb reaches a broker: the files it trusts and shows, and the first level of the topics.</summary>
internal sealed class BrokerArguments
{
    private readonly Option<string?> ca = new("--ca") { Description = "PEM file of the authorities trusted for the broker; the system's without it", HelpName = "FILE" };
    private readonly Option<string?> certificate = new("--cert") { Description = "PEM file of the certificate to show", HelpName = "FILE" };
    private readonly Option<string?> key = new("--key") { Description = "PEM file of its key", HelpName = "FILE" };
    private readonly Option<string?> user = new("--user") { Description = "MQTT user, where passwords are used", HelpName = "NAME" };
    private readonly Option<string?> password = new("--password-file") { Description = "file whose first line is the password", HelpName = "FILE" };
    private readonly Option<string> prefix = new("--prefix") { Description = "first level of every topic", DefaultValueFactory = _ => "flameedge", HelpName = "NAME" };

    public BrokerArguments(Command verb)
    {
        prefix.Validators.Add(RunOptionChecks.Prefix);
        foreach (var option in new Option[] { ca, certificate, key, user, password, prefix })
        {
            verb.Add(option);
        }
    }

    public string Prefix(ParseResult parsed) => parsed.GetValue(prefix)!; // It has a default.

    public MqttOptions Read(ParseResult parsed, Uri broker) => new()
    {
        Broker = broker,
        Prefix = Prefix(parsed),
        CaFile = parsed.GetValue(ca),
        CertificateFile = parsed.GetValue(certificate),
        KeyFile = parsed.GetValue(key),
        User = parsed.GetValue(user),
        PasswordFile = parsed.GetValue(password),
    };
}
