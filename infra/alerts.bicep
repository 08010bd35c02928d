// Alerts on the line that each operation writes. docs/watch.md describes its fields; a test compares the rules with the
// fields, events and error codes of the code.

param name string
param location string
param tags object
param workspaceId string
param emails array

@description('Whether the timer Reconcile has a schedule.')
param timerRuns bool

var lines = 'AppTraces | where Message startswith \'{"schema":"operation/1"\' | extend Line = parse_json(Message)'

// An alert fires if its query has more than `moreThan` rows within the window.
var rules = [
  {
    name: 'failures'
    description: 'More than ten operations failed within 15 minutes: with a status of 500 or above, or in the timer.'
    severity: 2
    query: '${lines} | where Line.outcome in ("failed", "defect") and coalesce(toint(Line.status), 500) >= 500'
    moreThan: 10
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'not-run'
    description: 'The platform could not run a function, or ended it: it did not load, or ran out of memory or time.'
    severity: 1
    query: 'AppRequests | where Success == false'
    moreThan: 0
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'defect'
    description: 'A defect of the app ended an operation or stopped a record. Look up the operation id in this log.'
    severity: 1
    query: '${lines} | where isnotnull(Line.events["operation.defect"]) or isnotnull(Line.events["record.defect"])'
    moreThan: 0
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'token-refused'
    description: 'Azure DevOps or Aha! refuses a token. Save a new one in the integration.'
    severity: 1
    query: '${lines} | where isnotnull(Line.codes["azure_devops_credentials_rejected"]) or isnotnull(Line.codes["aha_credentials_rejected"])'
    moreThan: 0
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'overloaded'
    description: 'The app answered more than a hundred calls within 15 minutes with app_busy. Look at Scale in docs/deploy.md.'
    severity: 2
    query: '${lines} | where Line.outcome == "shed"'
    moreThan: 100
    window: 'PT15M'
    enabled: true
  }
  {
    name: 'reconcile-failed'
    description: 'The timer failed twice within an hour, so changes whose notifications were lost are not synced.'
    severity: 2
    query: '${lines} | where isnotnull(Line.events["reconcile.failed"])'
    moreThan: 1
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'timer-silent'
    description: 'The timer did not run for a day. Changes whose notifications were lost are not synced, and sends are not finished.'
    severity: 2
    query: '${lines} | where Line.function == "Reconcile" | summarize Runs = count() | where Runs == 0'
    moreThan: 0
    window: 'P1D'
    enabled: timerRuns
  }
  {
    name: 'hook-silent'
    description: 'The timer twice found changes that no notification had reported. Check the subscription of the service hook.'
    severity: 2
    query: '${lines} | where isnotnull(Line.events["reconcile.updated"])'
    moreThan: 1
    window: 'PT6H'
    enabled: true
  }
  {
    name: 'hook-off'
    description: 'The subscription of a service hook was disabled, and the app enabled it again. Look at its history in Azure DevOps.'
    severity: 3
    query: '${lines} | where isnotnull(Line.events["subscription.enabled"])'
    moreThan: 0
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'hook-url'
    description: 'More than five notifications within an hour came to a webhook URL that is no longer valid. Update its subscription.'
    severity: 2
    query: '${lines} | where Line.function == "ReceiveWebhook" and toint(Line.status) in (404, 410)'
    moreThan: 5
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'claims-left-behind'
    description: 'More than five sends within an hour did not finish and left their claims. Check for restarts and time-outs.'
    severity: 2
    query: '${lines} | where isnotnull(Line.events["claim.taken-over"]) or isnotnull(Line.events["send.unfinished"])'
    moreThan: 5
    window: 'PT1H'
    enabled: true
  }
  {
    name: 'send-given-up'
    description: 'A send did not finish, and the timer no longer tries. Correct what the entry names, then send the feature again.'
    severity: 1
    query: '${lines} | where isnotnull(Line.events["send.given-up"])'
    moreThan: 0
    window: 'PT1H'
    enabled: true
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${name}-alerts'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'aha-ado'
    emailReceivers: [for (email, index) in emails: {
      name: 'email-${index}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${rule.name}'
    description: rule.description
    enabled: rule.enabled
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.moreThan
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(emails) ? [] : [group.id]
    }
  }
}]
